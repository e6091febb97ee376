//! Text in a bitmap font of eight by eight dots.

use font8x8::legacy::{BASIC_LEGACY, LATIN_LEGACY};

use super::frame::{Area, Plane};

/// How many dots a character is wide and high.
pub(crate) const CHARACTER_DOTS: usize = 8;

const ELLIPSIS: &str = "...";

/// What stands for a character the font does not have: an empty box.
const UNKNOWN_CHARACTER: [u8; 8] = [0x7f, 0x41, 0x41, 0x41, 0x41, 0x41, 0x7f, 0x00];

/// Where a text starts, how large it is and how bright.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextStyle {
    pub(crate) left: usize,
    pub(crate) top: usize,
    /// The side of one dot in pixels.
    pub(crate) dot: usize,
    pub(crate) luma: u8,
}

/// Draws one line of text.
pub(crate) fn draw_line(plane: &mut Plane, text: &str, style: TextStyle) {
    let mut left = style.left;
    for character in text.chars() {
        draw_character(plane, character, TextStyle { left, ..style });
        left += CHARACTER_DOTS * style.dot;
    }
}

fn draw_character(plane: &mut Plane, character: char, style: TextStyle) {
    let mut top = style.top;
    for row in dots(character) {
        // The lowest bit is the leftmost dot.
        for column in (0..CHARACTER_DOTS).filter(|column| row >> column & 1 == 1) {
            let dot = Area {
                left: style.left + column * style.dot,
                top,
                width: style.dot,
                height: style.dot,
            };
            plane.fill(dot, style.luma);
        }
        top += style.dot;
    }
}

/// The rows of a character, from top to bottom.
fn dots(character: char) -> [u8; 8] {
    let code = usize::try_from(u32::from(character)).unwrap_or(usize::MAX);
    let rows = match character {
        ' '..='~' => BASIC_LEGACY.get(code),
        '\u{a0}'..='\u{ff}' => LATIN_LEGACY.get(code - 0xa0),
        _ => None,
    };
    rows.copied().unwrap_or(UNKNOWN_CHARACTER)
}

/// Breaks a text into at most `limit` lines of at most `columns` characters, between words
/// where it can. A text cut short ends in an ellipsis.
pub(crate) fn wrap(text: &str, columns: usize, limit: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let words = text.split_whitespace();
    for word in words.flat_map(|word| split_word(word, columns.max(1))) {
        if let Some(line) = lines.last_mut()
            && line.chars().count() + 1 + word.chars().count() <= columns
        {
            line.push(' ');
            line.push_str(word);
        } else if lines.len() < limit {
            lines.push(word.to_owned());
        } else {
            mark_as_cut(&mut lines, columns);
            break;
        }
    }
    lines
}

/// The parts of a word no longer than a line: most words are one.
fn split_word(word: &str, columns: usize) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let end = rest
            .char_indices()
            .nth(columns)
            .map_or(rest.len(), |(index, _)| index);
        let (part, after) = rest.split_at(end);
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

fn mark_as_cut(lines: &mut [String], columns: usize) {
    if let Some(line) = lines.last_mut() {
        let kept: String = line
            .chars()
            .take(columns.saturating_sub(ELLIPSIS.len()))
            .collect();
        *line = format!("{}{ELLIPSIS}", kept.trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::Frame;
    use super::*;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(
            wrap("a red\n fox  jumps", 9, 3),
            ["a red fox".to_owned(), "jumps".to_owned()]
        );
        assert!(wrap(" \n\t", 9, 3).is_empty());
    }

    #[test]
    fn a_word_longer_than_a_line_is_broken() {
        assert_eq!(wrap("漢字漢字漢", 2, 3), ["漢字", "漢字", "漢"]);
    }

    #[test]
    fn a_text_that_does_not_fit_ends_in_an_ellipsis() {
        assert_eq!(
            wrap("one two three four", 9, 2),
            ["one two".to_owned(), "three...".to_owned()]
        );
    }

    #[test]
    fn no_line_is_longer_than_asked() {
        let text = "an unbelievably long prompt ".repeat(50);
        for columns in 4..40 {
            let lines = wrap(&text, columns, 3);
            assert_eq!(lines.len(), 3);
            assert!(lines.iter().all(|line| line.chars().count() <= columns));
            assert!(lines[2].ends_with(ELLIPSIS));
        }
    }

    #[test]
    fn characters_outside_the_font_are_boxes() {
        assert_eq!(dots('漢'), UNKNOWN_CHARACTER);
        assert_eq!(dots('\u{7}'), UNKNOWN_CHARACTER);
        assert_ne!(dots('A'), UNKNOWN_CHARACTER);
        assert_ne!(dots('é'), UNKNOWN_CHARACTER);
    }

    #[test]
    fn text_beyond_the_edge_is_left_out() {
        let mut frame = Frame::new(16, 16);
        let style = TextStyle {
            left: 12,
            top: 12,
            dot: 2,
            luma: 200,
        };
        draw_line(&mut frame.luma, "WWW", style);
        assert!(frame.luma.samples().contains(&200));
        assert!(
            frame.luma.samples()[..12 * 16]
                .iter()
                .all(|&luma| luma == 0)
        );
    }
}
