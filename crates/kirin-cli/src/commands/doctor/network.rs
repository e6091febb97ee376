//! Checks of the way to the service, and of the service.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use http::{Uri, header::DATE};
use kirin_client::{ApiKey, BaseUrl, Client, Error, ErrorKind};
use kirin_transport::{EnvironmentProxy, Transport, environment_proxy, from_fn};

use super::Check;
use crate::{
    arguments::SharedOptions, certificates, clock, environment::read_variable, exit_code,
    failure::Failure, session, verbose::ReportingTransport,
};

/// The variables of proxies. Not all of them have an effect.
const PROXIES: [&str; 8] = [
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "HTTP_PROXY",
    "http_proxy",
];

/// How far two clocks may differ before it is reported.
const SKEW: Duration = Duration::from_secs(60);

pub(super) fn check_base_url(shared: &SharedOptions) -> (Option<BaseUrl>, Check) {
    const NAME: &str = "base URL";
    match session::base_url(shared) {
        Err(failure) => (None, Check::of_failure(NAME, exit_code::USAGE, &failure)),
        Ok(base_url) => {
            let check = Check::ok(NAME, base_url.as_str());
            (Some(base_url), check)
        }
    }
}

/// The proxies of the environment, and which one this base URL uses.
pub(super) fn check_proxy(base_url: Option<&BaseUrl>) -> Check {
    const NAME: &str = "proxy";
    let set: Vec<String> = PROXIES
        .iter()
        .filter_map(|name| {
            let value = read_variable(name)?.to_string_lossy().into_owned();
            let is_list = name.eq_ignore_ascii_case("NO_PROXY");
            let shown = if is_list {
                value
            } else {
                without_secrets(&value)
            };
            Some(format!("{name}={shown}"))
        })
        .collect();
    let url = base_url.and_then(|base_url| base_url.as_str().parse::<Uri>().ok());
    let used = url.as_ref().map(environment_proxy);
    if set.is_empty() {
        return Check::ok(NAME, "no proxy is set");
    }
    let set = set.join(", ");
    match used {
        Some(EnvironmentProxy::Through(place)) => Check::warning(
            NAME,
            format!("requests go through {place} ({set})"),
            "It sees which host you contact, but neither the key nor a prompt. If you do not want that, \
             unset the variable, or add the host to NO_PROXY.",
        ),
        Some(EnvironmentProxy::Unusable) => Check::problem(
            NAME,
            exit_code::UNREACHABLE,
            format!("the proxy is not an http or https URL, and every request fails ({set})"),
            "Set it to an http or https URL, or unset it.",
        ),
        Some(_) => Check::ok(NAME, format!("set, and not used for this base URL ({set})")),
        None => Check::skipped(NAME, format!("set ({set})")),
    }
}

/// The URL of a proxy with its place alone: the rest may be a password.
fn without_secrets(url: &str) -> String {
    let uri = url.parse::<Uri>().ok();
    let place = uri.as_ref().and_then(Uri::authority);
    let Some(place) = place.filter(|_| !url.contains('#')) else {
        return "[not shown]".into();
    };
    let place_alone = place.as_str().rsplit('@').next().unwrap_or_default();
    let hidden = match place_alone == place.as_str() {
        true => "",
        false => "[not shown]@",
    };
    let scheme = uri.as_ref().and_then(Uri::scheme_str);
    let scheme = scheme.map_or_else(String::new, |scheme| format!("{scheme}://"));
    format!("{scheme}{hidden}{place_alone}")
}

/// By which it is known whom a TLS connection leads to.
pub(super) fn check_certificates(base_url: Option<&BaseUrl>) -> Check {
    const NAME: &str = "certificates";
    if let Err(failure) = certificates::check_files() {
        return Check::of_failure(NAME, exit_code::USAGE, &failure);
    }
    let count = rustls_native_certs::load_native_certs().certs.len();
    let is_tls = base_url.is_none_or(|base_url| base_url.as_str().starts_with("https:"));
    let advice = "Install the operating system's certificates: the package ca-certificates, or the file \
                  that SSL_CERT_FILE names.";
    match (count, is_tls) {
        (1.., _) => Check::ok(NAME, format!("{count} of the operating system")),
        (0, true) => Check::problem(NAME, exit_code::UNREACHABLE, "none", advice),
        (0, false) => Check::warning(NAME, "none; this base URL needs none", advice),
    }
}

const SERVICE: &str = "service";
const CLOCK: &str = "clock";

pub(super) fn not_asked(why: &str) -> Vec<Check> {
    vec![Check::skipped(SERVICE, why), Check::skipped(CLOCK, why)]
}

/// Looks up a task that cannot exist: the answer shows whether the key is accepted, and the time.
pub(super) async fn check_service(
    key: ApiKey,
    base_url: BaseUrl,
    plain_http_to: Option<String>,
) -> Vec<Check> {
    let (sender, dates) = mpsc::channel();
    let client = match dated_client(key, base_url, plain_http_to, sender) {
        Ok(client) => client,
        Err(failure) => {
            let mut checks = not_asked("not asked");
            checks[0] = Check::of_failure(SERVICE, failure.exit_code, &failure);
            return checks;
        }
    };
    let begun = clock::instant_now();
    // No other task has its 128 random bits.
    let answer = client.query(Client::mint_external_task_id()).await;
    let time = begun.elapsed();
    let date: Option<String> = dates.try_iter().last().flatten();
    vec![
        judge_answer(answer.err().as_ref(), time),
        check_clock(date.as_deref()),
    ]
}

/// A client that passes on the date of each answer.
fn dated_client(
    key: ApiKey,
    base_url: BaseUrl,
    plain_http_to: Option<String>,
    dates: mpsc::Sender<Option<String>>,
) -> Result<Client, Failure> {
    let transport = session::default_transport(&base_url)?;
    let dated = from_fn(move |request| {
        let (transport, dates) = (Arc::clone(&transport), dates.clone());
        async move {
            let response = transport.send(request).await?;
            let date = response.headers().get(DATE);
            let date = date.and_then(|date| Some(date.to_str().ok()?.to_owned()));
            // The receiver may be gone when a late answer comes.
            let _ = dates.send(date);
            Ok(response)
        }
    });
    let mut builder = Client::builder(key).base_url(base_url);
    if let Some(host) = plain_http_to {
        builder = builder.plain_http_to(host);
    }
    Ok(builder.transport(ReportingTransport(dated)).build()?)
}

fn judge_answer(error: Option<&Error>, time: Duration) -> Check {
    let milliseconds = time.as_millis();
    let Some(error) = error.filter(|error| error.kind() != ErrorKind::NotFound) else {
        let found = format!("answers after {milliseconds} ms, and accepts the key");
        return Check::ok(SERVICE, found);
    };
    let advice = match error.kind() {
        ErrorKind::Authentication => {
            let advice = "Set a key that the service accepts: kirin auth set-key";
            let code = exit_code::AUTHENTICATION;
            return Check::problem(SERVICE, code, error_cause(error), advice);
        }
        ErrorKind::RateLimit => "Wait a while before you generate.",
        _ => {
            let advice = "Check the connection, the base URL and the proxy, or try again later.";
            return Check::problem(SERVICE, exit_code::UNREACHABLE, error_cause(error), advice);
        }
    };
    Check::warning(SERVICE, error_cause(error), advice)
}

/// What went wrong, without the id of the task, which was made up.
fn error_cause(error: &Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.what(), ToString::to_string)
}

fn check_clock(date: Option<&str>) -> Check {
    let Some(date) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else {
        return Check::skipped(CLOCK, "the service did not send the time");
    };
    let (by, side) = clock::difference_from(date);
    let seconds = by.as_secs();
    if by <= SKEW {
        return Check::ok(CLOCK, format!("differs from the service's by {seconds} s"));
    }
    let found = format!("{seconds} s {side} of the service's");
    let advice = "Set the clock. Otherwise times in the ledger are wrong, and if it is off by more than \
                  five minutes, a task whose answer was lost may not be recognized.";
    Check::warning(CLOCK, found, advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_of_a_proxy_is_shown() {
        for (url, shown) in [
            ("http://proxy.test:3128", "http://proxy.test:3128"),
            ("proxy.test:3128", "proxy.test:3128"),
            (
                "http://me:word@proxy.test:3128",
                "http://[not shown]@proxy.test:3128",
            ),
            (
                "http://me:wo@rd@proxy.test",
                "http://[not shown]@proxy.test",
            ),
            (
                "http://me:word@proxy.test/path?key=word",
                "http://[not shown]@proxy.test",
            ),
            ("http://me:wo#rd@proxy.test", "[not shown]"),
            (
                "socks5://me:word@proxy.test",
                "socks5://[not shown]@proxy.test",
            ),
            ("a word", "[not shown]"),
        ] {
            assert_eq!(without_secrets(url), shown, "{url}");
        }
    }
}
