//! What a journal changes for the machine: a create that its own
//! sender withholds, and one that another process may have sent.

use kirin_client::{
    DuplicateIds, HostCapabilities,
    machine::{Action, Cause, Knowledge, Outcome, Settings},
};

use super::{
    answers::{IN_PROGRESS, create_status, created, duplicate, lost, query_status, task},
    script::{
        Script, assert_not_created, assert_running, assert_unresolved, lost_on, proven,
        refuses_duplicates, seconds, settings, with,
    },
};

#[test]
fn a_create_that_is_withheld_was_not_created() {
    let mut script = Script::generate(settings());
    script.withhold();
    assert!(matches!(assert_not_created(&script), Cause::Withheld(_)));
    assert_eq!(script.creates(), 0);
}

/// An earlier attempt may have been sent: nothing is sent any more, and it is looked up to the end.
#[test]
fn a_create_that_is_withheld_in_doubt_is_looked_up_and_not_sent() {
    let in_doubt = |host| {
        let mut script = lost_on(host);
        script.wait();
        script.look_up(query_status(404));
        assert!(
            matches!(script.machine.action(), Action::Create(_)),
            "{script}"
        );
        script.withhold();
        script
    };
    let mut found = in_doubt(refuses_duplicates());
    found.wait();
    found.look_up(task(IN_PROGRESS));
    assert_running(&found);
    assert_eq!(found.creates(), 1);

    let mut missed = in_doubt(refuses_duplicates());
    missed.look_ups(&query_status(404));
    assert_eq!(assert_unresolved(&missed), Knowledge::MayExist);
    assert_eq!(missed.creates(), 1);

    // Where a row proves it, it is proved.
    let host = proven()
        .with_duplicate_ids(DuplicateIds::Refused)
        .with_lookup_lag(seconds(5));
    let mut absent = in_doubt(host);
    absent.row();
    assert!(matches!(assert_not_created(&absent), Cause::Withheld(_)));
    assert_eq!(absent.creates(), 1);
}

fn reconciling(host: HostCapabilities) -> Script {
    let script = Script::reconcile(with(host));
    assert!(
        matches!(script.machine.action(), Action::LookUp(_)),
        "{script}"
    );
    script
}

#[test]
fn a_create_of_another_process_is_looked_up_first_and_adopted() {
    let mut script = reconciling(HostCapabilities::default());
    script.look_up(task(IN_PROGRESS));
    assert_running(&script);
    assert_eq!(script.creates(), 0);
}

/// What follows a miss is the create rule's table, as after any lost answer.
#[test]
fn a_create_of_another_process_is_sent_again_only_where_the_table_allows_it() {
    let mut unknown = reconciling(HostCapabilities::default());
    unknown.look_up(query_status(404));
    unknown.look_ups(&query_status(404));
    assert_eq!(assert_unresolved(&unknown), Knowledge::MayExist);
    assert_eq!(unknown.creates(), 0);

    let mut refuses = reconciling(refuses_duplicates());
    refuses.look_up(query_status(404));
    refuses.create(created(IN_PROGRESS));
    assert_running(&refuses);
    assert_eq!(refuses.creates(), 1);

    // The lag counts from the end of the call that the other process may have been in.
    let mut lags = reconciling(proven().with_lookup_lag(seconds(25)));
    assert_eq!(lags.row(), seconds(80), "{lags}");
    lags.create(lost());
    assert_eq!(lags.creates(), 1);
}

#[test]
fn a_task_that_is_older_than_the_first_intent_is_another_one() {
    let old = |settings: Settings| {
        let mut script = Script::reconcile(settings);
        let task = task(r#""status":"in_progress","created_at":1600000000000"#);
        script.look_up(task);
        script
    };
    let script = old(settings());
    let Action::Finished(Outcome::Unresolved { knowledge, .. }) = script.machine.action() else {
        panic!("{script}");
    };
    assert!(matches!(knowledge, Knowledge::OtherTask { .. }), "{script}");

    let mut without_clock = settings();
    without_clock.intended_at = None;
    assert_running(&old(without_clock));
    let mut without_difference = settings();
    without_difference.clock_difference = None;
    assert_running(&old(without_difference));
}

/// A person sends an unresolved create again: the first call is the create, and the earlier attempt is
/// not forgotten.
#[test]
fn what_a_person_sends_again_is_still_in_doubt() {
    let again = |answer| {
        let mut script = Script::send_again(settings());
        script.create(answer);
        script
    };
    let sent = again(created(IN_PROGRESS));
    assert_running(&sent);

    // A refusal says nothing of the earlier attempt.
    let mut refused = again(create_status(400));
    refused.look_ups(&query_status(404));
    assert_eq!(assert_unresolved(&refused), Knowledge::MayExist);

    // That of a duplicate says that it was accepted.
    let mut duplicate = again(duplicate());
    duplicate.wait();
    duplicate.look_up(task(IN_PROGRESS));
    assert_running(&duplicate);

    // An answer that is lost is no reason to send a third time.
    let mut lost = again(lost());
    lost.look_ups(&query_status(404));
    assert_eq!(assert_unresolved(&lost), Knowledge::MayExist);
    for script in [sent, refused, duplicate, lost] {
        assert_eq!(script.creates(), 1, "{script}");
    }
}
