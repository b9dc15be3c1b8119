//! Headers: what is wrong with one, what it allows, and how two of them differ.

pub mod check;
pub mod diff;

#[cfg(test)]
mod tests;
