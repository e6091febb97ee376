//! Which addresses a sender of callbacks may connect to: whoever creates a task chooses where its
//! sender connects, so it must reach nothing that the caller could not reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::CallbackTargets;

/// What an address is to a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Forbidden(&'static str),
    Loopback,
    Public,
}

/// Whether a callback may go to this address.
///
/// # Errors
///
/// It may not, for this reason.
pub(super) fn check(address: IpAddr, targets: CallbackTargets) -> Result<(), String> {
    let kind = match address {
        IpAddr::V4(address) => kind_v4(address),
        IpAddr::V6(address) => kind_v6(address),
    };
    match (kind, targets) {
        (Kind::Forbidden(what), _) => Err(format!("{address} is {what}")),
        (Kind::Loopback, CallbackTargets::Public) => Err(format!("{address} is this machine")),
        (Kind::Public, CallbackTargets::Loopback) => Err(format!("{address} is not this machine")),
        (Kind::Loopback | Kind::Public, _) => Ok(()),
    }
}

/// The address that a host of a URL writes out, or `None` if it is a name.
///
/// # Errors
///
/// It is a number in another notation than four decimal ones, such as octal.
pub(super) fn literal(host: &str) -> Result<Option<IpAddr>, String> {
    if let Some(address) = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        let address: Result<Ipv6Addr, _> = address.parse();
        return address
            .map(|address| Some(address.into()))
            .map_err(|_| format!("{host} is no address"));
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return Ok(Some(address.into()));
    }
    if host.contains(['[', ']', ':']) {
        return Err(format!("{host} is no address"));
    }
    // What ends in a number is an address to the resolvers of most systems (WHATWG URL, 3.5).
    let last = host
        .trim_end_matches('.')
        .rsplit('.')
        .next()
        .unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case("0x"));
    match is_number {
        true => Err(format!("{host} is an address in a misleading notation")),
        false => Ok(None),
    }
}

fn kind_v4(address: Ipv4Addr) -> Kind {
    let [first, second, third, _] = address.octets();
    match (first, second, third) {
        (127, ..) => Kind::Loopback,
        (169, 254, _) => Kind::Forbidden("link-local, where clouds keep their metadata"),
        (168, 63, 129) => Kind::Forbidden("where a cloud keeps its metadata"),
        (10, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => {
            Kind::Forbidden("private")
        }
        (0 | 224..=255, ..)
        | (192, 0, 0 | 2)
        | (192, 88, 99)
        | (198, 18 | 19, _)
        | (198, 51, 100)
        | (203, 0, 113) => Kind::Forbidden("reserved"),
        _ => Kind::Public,
    }
}

/// Of IPv6 only what is handed out to networks is public, and of that not what carries an IPv4
/// address inside.
fn kind_v6(address: Ipv6Addr) -> Kind {
    if address == Ipv6Addr::LOCALHOST {
        return Kind::Loopback;
    }
    match address.segments() {
        [0x2001, 0, ..] => Kind::Forbidden("Teredo, an IPv4 address in disguise"),
        [0x2002, ..] => Kind::Forbidden("6to4, an IPv4 address in disguise"),
        [0x64, 0xff9b, ..] => Kind::Forbidden("NAT64, an IPv4 address in disguise"),
        [0, 0, 0, 0, 0, 0xffff, ..] => Kind::Forbidden("an IPv4 address in disguise"),
        [0x2001, 0..0x200 | 0xdb8, ..] | [0x3fff, 0..0x1000, ..] => Kind::Forbidden("reserved"),
        [0x2000..0x4000, ..] => Kind::Public,
        _ => Kind::Forbidden("private or reserved"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [CallbackTargets; 3] = [
        CallbackTargets::Loopback,
        CallbackTargets::LoopbackAndPublic,
        CallbackTargets::Public,
    ];

    /// What becomes of a host that is an address, under each setting.
    fn allowed(host: &str) -> [bool; 3] {
        ALL.map(|targets| match literal(host) {
            Ok(Some(address)) => check(address, targets).is_ok(),
            Ok(None) => panic!("{host} is a name"),
            Err(_) => false,
        })
    }

    #[test]
    fn addresses_that_no_setting_allows() {
        for host in [
            // Link-local and metadata.
            "169.254.169.254",
            "169.254.0.1",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "168.63.129.16",
            "100.100.100.200",
            // Private, shared, reserved, multicast.
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.1",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "[::]",
            "[fc00::1]",
            "[ff02::1]",
            "[2001:db8::1]",
            // IPv4 in disguise: mapped, compatible, NAT64, 6to4, Teredo.
            "[::ffff:127.0.0.1]",
            "[::ffff:8.8.8.8]",
            "[::ffff:a9fe:a9fe]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b:1::a9fe:a9fe]",
            "[2002:7f00:1::]",
            "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
            // Octal, hexadecimal, decimal, too few numbers, a dot at the end.
            "0177.0.0.1",
            "0x7f.0.0.1",
            "0x7f000001",
            "0X7F000001",
            "127.0.0.0x1",
            "2130706433",
            "017700000001",
            "127.1",
            "127.0.1",
            "0",
            "127.0.0.1.",
            "8.8.8.8.",
            "2852039166",
            "[::1",
            "[localhost]",
        ] {
            assert_eq!(allowed(host), [false; 3], "{host}");
        }
    }

    #[test]
    fn loopback_needs_its_setting_and_the_internet_another() {
        for host in ["127.0.0.1", "127.255.255.254", "[::1]"] {
            assert_eq!(allowed(host), [true, true, false], "{host}");
        }
        for host in [
            "8.8.8.8",
            "172.32.0.1",
            "[2606:4700::1111]",
            "[2001:4860::8888]",
        ] {
            assert_eq!(allowed(host), [false, true, true], "{host}");
        }
        assert_eq!(literal("hooks.example"), Ok(None));
        assert_eq!(literal("localhost"), Ok(None));
    }
}
