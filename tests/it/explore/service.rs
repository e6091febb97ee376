//! The service, and all that stands between it and a client.

use super::{
    answers::{CreateHeard, Got, Lost, Named, Refused},
    cell::{Cell, Duplicates},
    state::{Charge, Journal, Late, NEVER, STARTED_AT, State},
    step::{Get, LOST_AFTER, LOST_BEFORE, Post, REFUSED, REFUSED_AFTER},
    table::Cannot,
};

/// How long our own side waits for the answer to a create.
const TIME_OUT: u64 = 30_000;

/// In how much time a task is found, where no lag is declared, after the refusal of a second POST.
const FOUND_AFTER_REFUSAL: u64 = 4_000;

/// Lookups that are further apart are no row.
const ROW: u64 = 10_000;

/// Six answers in a row that prove what is not so, but for the last: service, other, other, service,
/// other, as `Seen::answers` keeps them.
const ALMOST_A_ROW: u8 = 0b11_0010;

pub(super) const DAY: u64 = 25 * 60 * 60 * 1000;

/// What broke.
pub(super) type Broken = String;

/// A POST that arrives: what the service answers.
fn arrives(
    cell: &Cell,
    state: &mut State,
    post: Late,
    is_ours: bool,
) -> Result<CreateHeard, Broken> {
    let remembered = state.charged().find(|(_, charge)| !charge.is_forgotten);
    let existing = match (remembered, cell.has_older_task) {
        (Some((number, _)), _) => Some(Named::Charged(number)),
        (None, true) => Some(Named::Older),
        (None, false) => None,
    };
    let duplicates = match cell.allows(Cannot::Liar) {
        true => Duplicates::Taken,
        false => cell.duplicates,
    };
    match (existing, duplicates) {
        (Some(_), Duplicates::Refused) => return Ok(CreateHeard::Duplicate { named: true }),
        (Some(task), Duplicates::Replayed) => return Ok(CreateHeard::Created(task)),
        _ => {}
    }
    let Some(free) = state.charges.iter().position(Option::is_none) else {
        return Err("a fourth charge is not counted any more".into());
    };
    let service_now = state.true_time() + cell.service_ahead * 1000;
    state.charges[free] = Some(Charge {
        is_ours,
        found_by: post.found_by,
        created_at: if cell.is_minted { 0 } else { service_now },
        is_forgotten: false,
        is_excused: state.journal == Journal::Restored,
    });
    let ours = state.charged().filter(|(_, charge)| charge.is_ours).count();
    if ours > 1 + usize::from(state.seen.by_person) {
        return Err("a create of ours was charged twice".into());
    }
    if post.is_denied {
        return Err("a create was charged that was said not to be made".into());
    }
    let task = Named::Charged(free.try_into().expect("a few"));
    Ok(CreateHeard::Created(task))
}

/// How long after our timeout a task is found at the latest; `None` if that is not declared.
fn found_after(cell: &Cell) -> Option<u64> {
    let lag = cell.lag.filter(|_| cell.finds)?;
    (!cell.allows(Cannot::LaterThanDeclared)).then_some(lag * 1000)
}

/// What becomes of a POST, and what the client hears of it.
pub(super) fn post(cell: &Cell, state: &mut State, post: Post) -> Result<CreateHeard, Broken> {
    let now = Late {
        found_by: found_after(cell).map_or(NEVER, |lag| state.now + TIME_OUT + lag),
        is_denied: false,
    };
    let is_proxys_ours = cell.allows(Cannot::TwiceTaken);
    Ok(match post {
        Post::AnsweredForAnother => {
            arrives(cell, state, now, true)?;
            CreateHeard::Created(Named::Another)
        }
        Post::NotSent => CreateHeard::NotSent,
        Post::NotSentAndYetSent => {
            arrives(cell, state, now, true)?;
            CreateHeard::NotSent
        }
        Post::LostBefore(lost) => CreateHeard::Lost(lost),
        Post::Refused(refused) => CreateHeard::Refused(refused),
        Post::Answered => arrives(cell, state, now, true)?,
        Post::AnsweredBare => bare(arrives(cell, state, now, true)?),
        Post::LostAfter(lost) => {
            arrives(cell, state, now, true)?;
            CreateHeard::Lost(lost)
        }
        Post::Late => {
            let free = state.late.iter().position(Option::is_none);
            state.late[free.expect("a place")] = Some(now);
            CreateHeard::Lost(Lost::Closed)
        }
        Post::Twice | Post::TwiceBare => {
            arrives(cell, state, now, true)?;
            let second = arrives(cell, state, now, is_proxys_ours)?;
            match post {
                Post::TwiceBare => bare(second),
                _ => second,
            }
        }
        Post::TwiceLost => {
            arrives(cell, state, now, true)?;
            arrives(cell, state, now, is_proxys_ours)?;
            CreateHeard::Lost(Lost::Closed)
        }
        Post::TwiceRefused(refused) => {
            arrives(cell, state, now, true)?;
            state.seen.sent_twice = true;
            state.seen.key_refused |= refused == Refused::Key;
            if !cell.allows(Cannot::MissedAfterTwice) {
                let after = found_after(cell).unwrap_or(FOUND_AFTER_REFUSAL);
                find_by(state, state.now + after);
            }
            CreateHeard::Refused(refused)
        }
    })
}

fn bare(heard: CreateHeard) -> CreateHeard {
    match heard {
        CreateHeard::Duplicate { .. } => CreateHeard::Duplicate { named: false },
        heard => heard,
    }
}

fn find_by(state: &mut State, at: u64) {
    for charge in state.charges.iter_mut().flatten() {
        charge.found_by = charge.found_by.min(at);
    }
}

/// What can become of a POST that leaves now.
pub(super) fn posts(cell: &Cell, state: &State, out: &mut Vec<Post>) {
    let remembered = state.charged().any(|(_, charge)| !charge.is_forgotten);
    let exists = remembered || cell.has_older_task;
    out.push(Post::NotSent);
    if cell.allows(Cannot::AnsweredForAnother) {
        out.push(Post::AnsweredForAnother);
    }
    if cell.allows(Cannot::NotSentAndYetSent) {
        out.push(Post::NotSentAndYetSent);
    }
    let few = cell.clients > 1;
    let lost = if few {
        &LOST_BEFORE[1..2]
    } else {
        &LOST_BEFORE[..]
    };
    out.extend(lost.iter().copied().map(Post::LostBefore));
    let refused = if few { &REFUSED[1..3] } else { &REFUSED[..] };
    out.extend(refused.iter().copied().map(Post::Refused));
    out.push(Post::Answered);
    if exists && cell.duplicates == Duplicates::Refused {
        out.push(Post::AnsweredBare);
    }
    let lost = if few {
        &LOST_AFTER[1..2]
    } else {
        &LOST_AFTER[..]
    };
    out.extend(lost.iter().copied().map(Post::LostAfter));
    if !exists && !few {
        let next = state.charged().count().try_into().expect("a few");
        out.push(Post::LostAfter(Lost::Hint(Named::Charged(next))));
    }
    if state.late.iter().any(Option::is_none) {
        out.push(Post::Late);
    }
    let has_room = state.charged().count() + 2 <= state.charges.len();
    if exists || !has_room {
        return;
    }
    out.extend([Post::Twice, Post::TwiceLost]);
    if cell.duplicates == Duplicates::Refused {
        out.push(Post::TwiceBare);
    }
    // What cannot be looked up is not promised here.
    if cell.finds {
        let refused = if few {
            &REFUSED_AFTER[1..3]
        } else {
            &REFUSED_AFTER[..]
        };
        out.extend(refused.iter().copied().map(Post::TwiceRefused));
    }
}

/// Time advances, and everything due arrives.
pub(super) fn advance(cell: &Cell, state: &mut State, to: u64) -> Result<(), Broken> {
    for number in 0..state.late.len() {
        if let Some(late) = state.late[number].filter(|late| late.found_by <= to) {
            state.now = state.now.max(late.found_by);
            arrive_late(cell, state, number)?;
        }
    }
    state.now = state.now.max(to);
    Ok(())
}

pub(super) fn arrive_late(cell: &Cell, state: &mut State, number: usize) -> Result<(), Broken> {
    if let Some(late) = state.late[number].take() {
        arrives(cell, state, late, true)?;
    }
    Ok(())
}

/// A day in which the host forgets the external ids.
pub(super) fn pass_a_day(cell: &Cell, state: &mut State) -> Result<(), Broken> {
    for number in 0..state.late.len() {
        arrive_late(cell, state, number)?;
    }
    for charge in state.charges.iter_mut().flatten() {
        charge.is_forgotten = true;
    }
    let days = if cell.allows(Cannot::ForgetsWithinADay) {
        0
    } else {
        DAY
    };
    advance(cell, state, state.now + days)
}

/// A backup was restored, and a person has accepted that; nothing is on its way any more.
pub(super) fn settle(cell: &Cell, state: &mut State) -> Result<(), Broken> {
    for number in 0..state.late.len() {
        arrive_late(cell, state, number)?;
    }
    for charge in state.charges.iter_mut().flatten() {
        charge.is_excused = true;
    }
    if !cell.allows(Cannot::JournalForgets) {
        find_by(state, state.now);
    }
    Ok(())
}

/// The possible answers to a lookup of the create, or, in a row, of the control.
pub(super) fn look_ups(cell: &Cell, state: &State, it: usize, of: Target, out: &mut Vec<Get>) {
    let answers = look_back(state, it);
    let may_answer = answers != ALMOST_A_ROW || cell.allows(Cannot::AlmostARow);
    let is_alone = state.seen.sent_twice && !cell.allows(Cannot::ForeignAfterTwice);
    let forgets = state.journal == Journal::Accepted && !cell.allows(Cannot::JournalForgets);
    let may_be_foreign = !is_alone && !forgets;
    let is_own = of != Target::Control;
    let mut is_missed = false;
    if may_answer {
        match of {
            Target::Control => out.push(Get::Found(Named::Control)),
            _ => is_missed = own(cell, state, out),
        }
    }
    if may_be_foreign && !is_missed {
        out.push(Get::Foreign);
    }
    out.push(Get::Trouble);
    if !state.seen.key_refused || cell.allows(Cannot::ForeignAfterTwice) {
        out.push(Get::Key);
    }
    if is_own {
        out.push(Get::AboutAnother);
    }
    match of {
        Target::Control if may_answer => out.push(Get::Slow),
        Target::Probed if may_be_foreign => out.extend([Get::Cached, Get::Stale]),
        _ => {}
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Control,
    Plain,
    Probed,
}

/// What the service says of the external id: whether it may miss it.
fn own(cell: &Cell, state: &State, out: &mut Vec<Get>) -> bool {
    let found = state.charged().filter(|_| cell.finds);
    out.extend(found.map(|(number, _)| Get::Found(Named::Charged(number))));
    if cell.has_older_task && cell.finds {
        out.push(Get::Found(Named::Older));
    }
    let mut charges = state.charged();
    let has_to_find = charges.any(|(_, charge)| charge.found_by == 0 && !charge.is_forgotten);
    let may_miss = !cell.finds || !(has_to_find || cell.has_older_task);
    if may_miss {
        out.push(Get::Missed);
    }
    may_miss
}

/// Who answered the lookups that a row would be made of.
fn look_back(state: &State, it: usize) -> u8 {
    match state.now > state.seen.latest_at[it] + ROW {
        true => 1,
        false => state.seen.answers[it].max(1),
    }
}

/// Keeps in mind who answered.
pub(super) fn see(state: &mut State, it: usize, get: Get) {
    let answers = look_back(state, it);
    let bit = match get {
        Get::Found(_) | Get::Missed | Get::Completed(_) => Some(1),
        Get::Foreign => Some(0),
        _ => None,
    };
    let answers = bit.map_or(1, |bit| answers << 1 | bit);
    let answers = match answers >= 1 << 6 {
        true => 1 << 5 | answers & 0b1_1111,
        false => answers,
    };
    state.seen.answers[it] = answers;
    state.seen.latest_at[it] = if answers == 1 { 0 } else { state.now };
}

/// The client's view of a lookup.
pub(super) fn heard(get: Get) -> Got {
    match get {
        Get::AboutAnother => Got::AboutAnother,
        Get::Cached | Get::Foreign | Get::Missed | Get::Stale => Got::NotFound,
        Get::Completed(task) => Got::Completed(task),
        Get::Found(task) => Got::Running(task),
        Get::Key => Got::Key,
        Get::Slow => Got::Running(Named::Control),
        Get::Trouble => Got::Trouble,
    }
}

/// When a task was created, by the service's clock.
pub(super) fn created_at(cell: &Cell, state: &State, got: Got) -> i64 {
    const MONTH: i64 = 30 * 24 * 60 * 60 * 1000;
    match got {
        Got::Running(Named::Charged(number)) => {
            state.charges[usize::from(number)].map_or(0, |charge| charge.created_at)
        }
        Got::Running(Named::Older) => STARTED_AT - MONTH,
        Got::Running(Named::Control) => STARTED_AT - MONTH + cell.service_ahead * 1000,
        _ => 0,
    }
}
