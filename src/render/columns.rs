//! Rows of a table, aligned without borders: a width is that of the widest cell, as a terminal counts it.

use std::fmt;

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use super::{BOLD, PLAIN, Styled};

/// One cell: text that is fit to be shown, and its colour.
pub(super) struct Cell {
    style: Style,
    text: String,
}

impl Cell {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self::styled(PLAIN, text)
    }

    pub(super) fn styled(style: Style, text: impl Into<String>) -> Self {
        let text = text.into();
        // An empty cell would make its neighbours look like its content.
        Self { style, text: if text.is_empty() { "-".to_owned() } else { text } }
    }
}

/// A heading and its rows, a line each. The last column is as wide as it is.
pub(super) fn table<const N: usize>(heading: [&str; N], rows: Vec<[Cell; N]>) -> impl fmt::Display {
    let heading = heading.map(|word| Cell::styled(BOLD, word));
    let rows: Vec<[Cell; N]> = std::iter::once(heading).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].text.width()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    fmt::from_fn(move |f| {
        for row in &rows {
            for (index, (cell, width)) in row.iter().zip(widths).enumerate() {
                write!(f, "{}", Styled(cell.style, &cell.text))?;
                if index + 1 < N {
                    let gap = width.saturating_sub(cell.text.width()) + 2;
                    write!(f, "{:gap$}", "")?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    })
}
