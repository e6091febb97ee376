//! The quotes of a CSV file. One that is never closed makes a single cell of the rest of the file, and
//! the reader accepts that cell.

use super::Problem;

/// Where the reader is.
enum State {
    /// Before the first byte of a cell.
    Start,
    /// In a cell without quotes, in which a quote is a letter like any other.
    Bare,
    /// In a cell whose quote was opened in this line.
    Quoted(u64),
    /// Behind a quote that closes the cell, unless another one follows.
    Closed(u64),
}

/// Finds a quote that is not closed, or not where the cell ends.
pub(super) fn check_quotes(content: &[u8]) -> Result<(), Problem> {
    let mut line = 1;
    let mut state = State::Start;
    for byte in content {
        state = match (state, byte) {
            (State::Start, b'"') => State::Quoted(line),
            (State::Quoted(opened), b'"') => State::Closed(opened),
            (State::Closed(opened), b'"') | (State::Quoted(opened), _) => State::Quoted(opened),
            (_, b',' | b'\r' | b'\n') => State::Start,
            (State::Closed(opened), _) => return Err(closed_too_early(opened, line)),
            (State::Start | State::Bare, _) => State::Bare,
        };
        line += u64::from(*byte == b'\n');
    }
    match state {
        State::Quoted(opened) => Err(Problem::in_line(
            opened,
            "has a quote (\") that is never closed, so the rest of the file would be a single cell",
        )),
        _ => Ok(()),
    }
}

/// Most likely it opens the next cell, because the one before it was not closed.
fn closed_too_early(opened: u64, line: u64) -> Problem {
    let what = match opened == line {
        true => "has text after a quote (\") that closes a cell".into(),
        false => format!(
            "has a quote (\") that is closed in line {line}, in the middle of a cell; a quote in a \
             cell is written as two"
        ),
    };
    Problem::in_line(opened, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_closed_where_its_cell_ends() {
        for (content, line) in [
            ("prompt\na fox\n", None),
            ("prompt\n\"a fox, running\"\n", None),
            ("prompt,mode\n\"a \"\"red\"\" fox\",std\n", None),
            ("prompt\n\"a fox\nruns\"\n", None),
            ("prompt\r\n\"a fox\"\r\n\"a bear\"", None),
            ("prompt\na 3\" fox\n", None),
            ("prompt\n\"\"\n", None),
            ("prompt\n\"a fox runs\na bear sits\n", Some(2)),
            ("prompt\na bear\n\"a fox", Some(3)),
            ("prompt\na bear\n\"", Some(3)),
            (
                "prompt,mode\na bear,std\na fox,\"std\na crow,pro\n",
                Some(3),
            ),
            ("\"prompt\na fox\n", Some(1)),
            ("prompt\n\"a fox runs\n\"a bear sits\"\n", Some(2)),
            ("prompt\n\"a fox runs\na \"red\" bear\n", Some(2)),
            ("prompt\n\"a fox\" runs\n", Some(2)),
        ] {
            let found = check_quotes(content.as_bytes()).err();
            assert_eq!(found.and_then(|problem| problem.line), line, "{content:?}");
        }
    }
}
