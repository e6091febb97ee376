//! The name of an account: what it may be, how it is stored, and which entry it chooses.

use kirin_client::{Client, CreateId, Intent, JournalEntry, JournalState};

use crate::scripted::{Scripted, request};

const THEIRS: &str = "0123456789abcdef";

/// What may be charged comes first, then the same account, then the same key, in whatever order they stand.
#[test]
fn of_several_entries_the_nearest_is_chosen_and_none_of_another_create() {
    let id = || "order-42".parse().unwrap();
    let ours = CreateId::new(Default::default(), "1".repeat(16).parse().unwrap(), id())
        .with_account(Some("ada".parse().unwrap()));
    let entry = |account: Option<&str>, key: &str, state: JournalState| {
        let key = key.repeat(16).parse().unwrap();
        let mut intent = Intent::new(request(), Default::default(), key, None).unwrap();
        intent.account = account.map(|name| name.parse().unwrap());
        JournalEntry::new(intent, state)
    };
    let intended = || JournalState::Intended;
    let mut refused = entry(None, "3", intended());
    refused.is_refusal_open = true;
    let in_order = [
        entry(Some("ada"), "2", JournalState::Sent),
        refused,
        entry(Some("ada"), "1", intended()),
        entry(Some("ada"), "2", intended()),
        entry(None, "1", intended()),
        entry(None, "2", intended()),
    ];
    for pair in in_order.windows(2) {
        for entries in [[&pair[0], &pair[1]], [&pair[1], &pair[0]]] {
            let entries = entries.map(Clone::clone);
            let chosen = ours.entry_among(&entries).unwrap();
            assert_eq!(chosen, &pair[0], "{entries:?}");
        }
    }

    let sent = entry(Some("ada"), "1", JournalState::Sent);
    let mut elsewhere = sent.clone();
    elsewhere.intent.base_url = "https://example.com".parse().unwrap();
    assert_eq!(ours.entry_among(&[elsewhere]), None);
    let mut another = ours;
    another.external_task_id = "order-43".parse().unwrap();
    assert_eq!(another.entry_among(&[sent]), None);
}

/// Entries, intents and handles that were stored before accounts had names are read, and are written as before.
#[test]
fn a_stored_form_without_an_account_is_read_and_written_as_before() {
    fn check<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T, has_account: bool) -> T {
        let json = serde_json::to_value(value).unwrap();
        let text = json.to_string();
        assert_eq!(text.contains("account"), has_account, "{text}");
        serde_json::from_value(json).unwrap()
    }
    let key = THEIRS.parse().unwrap();
    let mut intent = Intent::new(request(), Default::default(), key, None).unwrap();
    for account in [None, Some("ada".parse().unwrap())] {
        intent.account = account;
        let has_account = intent.account.is_some();
        assert_eq!(check(&intent, has_account), intent);
        let create = intent.create_id().unwrap();
        assert_eq!(check(&create, has_account), create);
        let state = JournalState::Accepted("task-1".parse().unwrap());
        let entry = JournalEntry::new(intent.clone(), state);
        assert_eq!(check(&entry, has_account), entry);
        let handle = entry.handle().unwrap();
        assert_eq!(check(&handle, has_account), handle);
        assert_eq!(handle.account, intent.account);
    }
}

#[test]
fn a_name_that_cannot_stand_in_a_log_is_none() {
    let long = "a".repeat(65);
    for name in ["", "a\nb", "a\u{7f}", long.as_str()] {
        let builder = Client::builder("any-key".parse().unwrap()).account(name);
        let error = builder.build().unwrap_err();
        let is_account = matches!(error, kirin_client::BuildError::Account(_));
        assert!(is_account, "{name:?}: {error}");
    }
    let transport = Scripted::new([]);
    let longest = "ä".repeat(64);
    let builder = Client::builder("any-key".parse().unwrap()).transport(transport);
    let client = builder.account(longest.as_str()).build().unwrap();
    assert_eq!(client.account().unwrap().as_str(), longest);
}
