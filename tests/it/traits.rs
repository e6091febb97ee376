//! The table of all public types of the libraries, and what each of them can do. A public type without a row
//! fails, and so does a row without a type.

use std::{
    collections::BTreeSet,
    error::Error,
    fmt::{Debug, Display},
    fs,
    hash::Hash,
    path::{Path, PathBuf},
    str::FromStr,
};

use futures_core::Stream;
use kirin_client as client;
use kirin_ledger as ledger;
use kirin_transport as transport;
use kirin_types as types;
use serde::{Serialize, de::DeserializeOwned};

/// Someone else's transport, for the types that wrap one.
type Wrapped = transport::testing::Never;

/// Each row compiles only if the type has the traits. All can be shown, sent to another thread and, but for
/// those that stand `alone`, shared between threads.
macro_rules! table {
    (alone: $($alone:ty),+; $($type:ty: $($bound:path),*;)+) => {{
        $({
            fn has<T: Debug + Send + Sync $(+ $bound)*>() {}
            has::<$type>();
        })+
        $({
            fn has<T: Debug + Send>() {}
            has::<$alone>();
        })+
        [$(stringify!($type),)+ $(stringify!($alone),)+]
    }};
}

fn types() -> impl IntoIterator<Item = &'static str> {
    table! {
        alone: client::Download<'static>;

        types::Amount: Clone, Default, DeserializeOwned, Display, Eq, FromStr, Hash, Ord, Serialize;
        types::AspectRatio: AsRef<str>, Copy, Default, DeserializeOwned, Display, Eq, FromStr, Hash, Serialize;
        types::Callback: Clone, DeserializeOwned, PartialEq, Serialize;
        types::Condition: Copy, Display, Eq;
        types::Content: Clone, Eq, Hash, Serialize;
        types::ContentType: AsRef<str>, Clone, Display, Eq, Hash, Serialize;
        types::DecodeError: Clone, Eq, Error, Hash;
        types::ErrorBody: Clone, Default, DeserializeOwned, Display, Eq, Hash, Serialize;
        types::ErrorReason: Copy, DeserializeOwned, Display, Eq, Hash, Serialize;
        types::ExternalTaskId: AsRef<str>, Clone, DeserializeOwned, Display, Eq, FromStr, Hash, Ord, Serialize;
        types::FrameRate: Copy, Eq, Hash;
        types::GenerationRequest: Clone, DeserializeOwned, Eq, Hash, Serialize;
        types::GenerationRequestBuilder: Clone;
        types::Image: AsRef<str>, Clone, Eq, Hash;
        types::InvalidAmount: Clone, Eq, Error, Hash;
        types::InvalidIdentifier: Clone, Eq, Error, Hash;
        types::InvalidImage: Copy, Eq, Error, Hash;
        types::InvalidRequest: Clone, Eq, Error, From<types::Problem>, Hash, Serialize;
        types::Mode: AsRef<str>, Copy, Default, DeserializeOwned, Display, Eq, FromStr, Hash, Serialize;
        types::Model: Copy, PartialEq;
        types::ModelKind: Copy, Display, Eq, Hash;
        types::OutputSize: Copy, Eq, Hash;
        types::Parameter: Copy, PartialEq;
        types::ParameterKind: Copy, PartialEq;
        types::Price: Copy, Eq, Hash, Serialize;
        types::Problem: Clone, Display, Eq, Hash, Serialize;
        types::RawJson: AsRef<str>, Clone, DeserializeOwned, Eq, Serialize;
        types::Resolution: Copy, Eq, Hash;
        types::Retry: Copy, Display, Eq, Hash, Serialize;
        types::Route: Clone, Eq, Hash;
        types::RouteError: Copy, Eq, Error, Hash;
        types::Rule: Copy, Display, Eq;
        types::Source: Copy, Display, Eq, Hash, Serialize;
        types::Task: Clone, DeserializeOwned, PartialEq, Serialize;
        types::TaskError: Clone, Default, Display, Eq, Hash, Serialize;
        types::TaskErrorCode: AsRef<str>, Clone, Display, Eq, Hash, Serialize;
        types::TaskId: AsRef<str>, Clone, DeserializeOwned, Display, Eq, FromStr, Hash, Ord, Serialize;
        types::TaskRef: AsRef<str>, Clone, DeserializeOwned, Display, Eq, From<types::ExternalTaskId>,
            From<types::TaskId>, Hash, Ord, Serialize;
        types::TaskState: Clone, Display, PartialEq, Serialize;
        types::Timestamp: Copy, DeserializeOwned, Display, Eq, From<std::time::SystemTime>, Hash,
            Into<std::time::SystemTime>, Ord, Serialize;
        types::Total: Copy, Default, Display, Eq, From<types::Amount>, FromStr, Hash, Ord;
        types::TypicalTime: Copy, Eq, Hash;
        types::UnknownWord: Clone, Eq, Error, Hash;
        types::Usage: Clone, Eq, Serialize;
        types::VideoDuration: AsRef<str>, Copy, Default, DeserializeOwned, Display, Eq, FromStr, Hash, Serialize;

        transport::Body: Default, From<Vec<u8>>, http_body::Body;
        transport::BodyEnd: Copy, Default, Eq, Hash;
        transport::EnvironmentProxy: Clone, Eq;
        transport::FromFn<fn()>: Copy;
        transport::HyperTransport: Clone, transport::Transport;
        transport::HyperTransportBuilder: Clone;
        transport::PreferFreshConnection: Copy, Default, Eq;
        transport::SendWatch: Clone, Default;
        transport::Sent: Copy, Display, Eq, Hash, Serialize;
        transport::Timeout<Wrapped>: Copy, transport::Transport;
        transport::Traced<Wrapped>: Copy, transport::Transport;
        transport::TransportError: Clone, Error;
        transport::TransportErrorKind: Copy, Display, Eq, Hash, Serialize;
        transport::WatchedBody: http_body::Body, std::io::Read;
        transport::conformance::Clause: Copy, Display, Eq, Hash, Ord;
        transport::conformance::Finding: Clone, Eq;
        transport::conformance::InvalidCertificate: Clone, Eq, Error;
        transport::conformance::Peer: Clone;
        transport::conformance::Report: Clone, Display;
        transport::escapes::Reading: ;
        transport::reqwest::ReqwestTransport: Clone, transport::Transport;
        transport::testing::Capture<Wrapped>: transport::Transport;
        transport::testing::Cassette: Clone, Default, PartialEq;
        transport::testing::Direction: Copy, Eq, Hash;
        transport::testing::Fault: Copy, Eq, Hash;
        transport::testing::FaultPipe<()>: ;
        transport::testing::FaultPlan: Clone, Default, Eq;
        transport::testing::InvalidCassette: Clone, Eq, Error;
        transport::testing::Never: Copy, Default, transport::Transport;
        transport::testing::Recorder<Wrapped>: transport::Transport;
        transport::testing::Replay: transport::Transport;
        transport::testing::Scripted: Default, transport::Transport;
        transport::tower::TowerTransport<(), ()>: ;
        transport::tower::TransportService<Wrapped>: Clone;

        client::AccountName: AsRef<str>, Clone, DeserializeOwned, Display, Eq, FromStr, Hash, Ord, Serialize;
        client::ApiKey: Clone, FromStr;
        client::BaseUrl: AsRef<str>, Clone, Default, DeserializeOwned, Display, Eq, FromStr, Hash, Serialize;
        client::Billing: Copy, Display, Eq, Hash, Serialize;
        client::Budget: ;
        client::BuildError: Clone, Error;
        client::CallPolicy: Clone, Default, DeserializeOwned, Eq, Hash, Serialize;
        client::CallbackCounts: Copy, Default, Eq, Hash, Serialize;
        client::CallbackReceiver: ;
        client::CallbackReceiverBuilder: ;
        client::Client: Clone;
        client::ClientBuilder: ;
        client::Control: Clone, DeserializeOwned, Eq, Hash, Serialize;
        client::CreateId: Clone, DeserializeOwned, Eq, Hash, Serialize;
        client::DownloadError: Clone, Error;
        client::DownloadErrorKind: Copy, Display, Eq, Hash, Serialize;
        client::DownloadEvent: Clone, Eq, Hash, Serialize;
        client::DownloadStream: Stream;
        client::DuplicateIds: Copy, Default, DeserializeOwned, Display, Eq, Hash, Serialize;
        client::Error: Clone, Error, From<types::InvalidRequest>;
        client::ErrorKind: Copy, Display, Eq, Hash, Serialize;
        client::FileDigest: Clone, Eq, Hash;
        client::Generation: From<client::GenerationBuilder>;
        client::GenerationBuilder: ;
        client::GenerationHandle: Clone, DeserializeOwned, Eq, Hash, Serialize;
        client::HostCapabilities: Copy, Default, DeserializeOwned, Eq, Hash, Serialize;
        client::Intent: Clone, DeserializeOwned, PartialEq, Serialize;
        client::InvalidAccountName: Copy, Eq, Error, Hash;
        client::InvalidApiKey: Copy, Eq, Error, Hash;
        client::InvalidBaseUrl: Clone, Eq, Error, Hash;
        client::InvalidEnvironment: Clone, Eq, Error, Hash;
        client::InvalidKeyFingerprint: Copy, Eq, Error, Hash;
        client::InvalidOperationId: Copy, Eq, Error, Hash;
        client::InvalidPlainHost: Copy, Eq, Error, Hash;
        client::JournalChange: Clone, PartialEq;
        client::JournalEntry: Clone, DeserializeOwned, PartialEq, Serialize;
        client::JournalError: Clone, Eq, Error;
        client::JournalState: Clone, DeserializeOwned, Display, PartialEq, Serialize;
        client::JournalWrite: Clone, PartialEq;
        client::KeyFingerprint: AsRef<str>, Clone, DeserializeOwned, Display, Eq, FromStr, Hash, Serialize;
        client::Lookup: Copy, Default, DeserializeOwned, Display, Eq, Hash, Serialize;
        client::MemoryJournal: Default, client::Journal;
        client::Notices: Stream;
        client::OperationId: Copy, DeserializeOwned, Display, Eq, FromStr, Hash, Ord, Serialize;
        client::PollSchedule: Clone, DeserializeOwned, PartialEq, Serialize;
        client::Recalled: Clone, Default, PartialEq;
        client::Reservation: ;
        client::TakenBack: Copy, DeserializeOwned, Display, Eq, Hash, Serialize;
        client::Unfinished: Clone, DeserializeOwned, PartialEq, Serialize;
        client::Wakes: Clone, Default;
        client::blocking::Client: Clone;
        client::blocking::InAsyncTask: Copy, Eq, Error, Hash;
        client::journal_conformance::Clause: Copy, Display, Eq, Hash, Ord;
        client::journal_conformance::Finding: Clone, Eq;
        client::journal_conformance::Report: Clone, Display;
        client::machine::Action<'static>: Copy, PartialEq;
        client::machine::Cause: Clone, DeserializeOwned, Display, Eq, Serialize;
        client::machine::ClockDifference: Copy, DeserializeOwned, Eq, Hash, Serialize;
        client::machine::Event: Clone, DeserializeOwned, PartialEq, Serialize;
        client::machine::Knowledge: Clone, DeserializeOwned, Display, Eq, Hash, Serialize;
        client::machine::KnownCreate: Clone, DeserializeOwned, Display, Eq, Hash, Serialize;
        client::machine::Machine: Clone, DeserializeOwned, PartialEq, Serialize;
        client::machine::MissingExternalTaskId: Copy, Eq, Error, Hash;
        client::machine::Notice: Clone, DeserializeOwned, PartialEq, Serialize;
        client::machine::Outcome: Clone, DeserializeOwned, PartialEq, Serialize;
        client::machine::SendReason: Copy, DeserializeOwned, Display, Eq, Hash, Serialize;
        client::machine::Settings: Clone, DeserializeOwned, PartialEq, Serialize;
        client::machine::Withheld: Clone, DeserializeOwned, Display, Eq, Hash, Serialize;
        client::machine::WrongEvent: Copy, Eq, Error, Hash;
        client::operation::Create: ;
        client::operation::Resume: ;
        client::wire::Call: Clone;
        client::wire::CreateAnswer: Clone, DeserializeOwned, PartialEq, Serialize;
        client::wire::Endpoint: Clone;
        client::wire::Exchange: ;
        client::wire::InvalidDefaultHeaders: Clone, Eq, Error, Hash;
        client::wire::InvalidEndpoint: Copy, Eq, Error, Hash;
        client::wire::Probe: Clone, DeserializeOwned, PartialEq, Serialize;
        client::wire::QueryAnswer: Clone, DeserializeOwned, PartialEq, Serialize;
        client::wire::Refusal: Clone, DeserializeOwned, Display, Eq, Hash, Serialize;
        client::wire::Trouble: Clone, DeserializeOwned, Display, Eq, Serialize;
        client::wire::UnreadableAnswer: Clone, DeserializeOwned, Eq, Hash, Serialize;

        ledger::Claim: Clone, PartialEq;
        ledger::DownloadedFile: Clone, Eq, Hash;
        ledger::Entry: Clone, PartialEq;
        ledger::Ledger: Clone;
        ledger::LedgerError: Error;
        ledger::LedgerJournal: Clone, client::Journal;
        ledger::Money: Copy, Display, Eq, Hash, Ord, Serialize;
        ledger::Owner: Clone, Default, Display, Eq, Hash;
    }
}

#[test]
fn every_public_type_has_a_row_that_says_what_it_can_do() {
    let rows: BTreeSet<(&str, &str)> = types().into_iter().map(named).collect();
    let mut found = BTreeSet::new();
    for library in ["types", "transport", "client", "ledger"] {
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../crates/kirin-{library}/src"));
        let sources = sources(&folder);
        found.extend(
            sources
                .iter()
                .flat_map(|text| public_types(text))
                .map(|name| (library, name)),
        );
    }
    let found: BTreeSet<(&str, &str)> = found
        .iter()
        .map(|(library, name)| (*library, name.as_str()))
        .collect();
    assert!(found.len() > 100, "{found:?}");
    let missing: Vec<_> = found.difference(&rows).collect();
    assert!(
        missing.is_empty(),
        "public types without a row: {missing:?}"
    );
    let stale: Vec<_> = rows.difference(&found).collect();
    assert!(stale.is_empty(), "rows without a public type: {stale:?}");
}

/// The library and the type that a row is about.
fn named(row: &'static str) -> (&'static str, &'static str) {
    let path = row.split('<').next().unwrap_or(row).trim();
    let library = path.split("::").next().unwrap_or(path).trim();
    (library, path.rsplit("::").next().unwrap_or(path).trim())
}

fn sources(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| match path.is_dir() {
        true => sources(&path),
        false if path.extension().is_some_and(|it| it == "rs") => {
            vec![fs::read_to_string(path).unwrap()]
        }
        false => Vec::new(),
    };
    entries.flat_map(read).collect()
}

/// The names of the types that a source makes public: where they are defined, and where they are exported
/// from a macro. What is `pub` can be reached, for the lint `unreachable_pub` says so.
fn public_types(source: &str) -> Vec<String> {
    let is_type =
        |name: &&str| name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase);
    let word = |text: &str| {
        text.split(|it: char| !it.is_alphanumeric())
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let mut names = Vec::new();
    let mut exported = String::new();
    for line in source.lines().map(str::trim) {
        let defined = ["struct", "enum", "union"]
            .iter()
            .find_map(|kind| line.strip_prefix(&format!("pub {kind} ")));
        names.extend(defined.map(word).filter(|name| is_type(&name.as_str())));
        if line.starts_with("pub use ") || !exported.is_empty() {
            exported += line;
        }
        if exported.ends_with(';') {
            let list = exported.split(|it: char| !it.is_alphanumeric() && it != '_');
            names.extend(list.filter(is_type).map(str::to_owned));
            exported.clear();
        }
    }
    let is_no_trait = |name: &String| !NO_TYPES.contains(&name.as_str());
    names.into_iter().filter(is_no_trait).collect()
}

/// What is exported and is no type.
const NO_TYPES: [&str; 3] = ["Journal", "JournalMaker", "Transport"];

#[test]
fn a_public_type_is_seen_wherever_it_is_defined_or_exported() {
    let source = "pub struct One(u8);\n    pub enum Two<T> {\npub(crate) struct Not;\nstruct Nor;\n\
        pub use inner::{\n    LIMIT, Three, four,\n};\npub use inner::Five;\npub fn six() {}\npub trait Seven {}\n";
    assert_eq!(public_types(source), ["One", "Two", "Three", "Five"]);
}
