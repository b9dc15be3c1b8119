//! Prints how far what [`chatward::csp::allows`] says agrees with what Chromium did, over a file of measured policies.
//!
//! `cargo run --example agreement -- FILE [--verbose]`. Each line of the file is an object with `id`, `csp` (the value of
//! a header) and `chromium_allows` (an object of questions and answers). `--verbose` names every disagreement.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};

use anyhow::{Context, bail};
use chatward::csp::{Question, allows, header};
use serde::Deserialize;

#[derive(Deserialize)]
struct Measured {
    id: String,
    csp: String,
    chromium_allows: BTreeMap<String, bool>,
}

#[derive(Default, Clone, Copy)]
struct Tally {
    asked: u32,
    agreed: u32,
}

impl Tally {
    fn count(&mut self, agreed: bool) {
        self.asked += 1;
        self.agreed += u32::from(agreed);
    }

    fn print(self, name: &str) {
        let Self { asked, agreed } = self;
        let percent = f64::from(agreed) * 100.0 / f64::from(asked.max(1));
        println!("{name:<16} {agreed:>6} of {asked:>6}  {percent:6.2} %");
    }
}

fn main() -> anyhow::Result<()> {
    let (options, files): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let [file] = &files[..] else { bail!("usage: agreement FILE [--verbose]") };
    let verbose = options.iter().any(|option| option == "--verbose");

    let mut tallies = vec![Tally::default(); Question::ALL.len()];
    let lines = BufReader::new(File::open(file).with_context(|| file.clone())?).lines();
    for line in lines {
        let measured: Measured = serde_json::from_str(&line?)?;
        let ours = allows(&header::policies(&measured.csp, 1));
        for (tally, (question, allowed)) in tallies.iter_mut().zip(ours.iter()) {
            let Some(theirs) = measured.chromium_allows.get(question.name()) else { continue };
            tally.count(allowed == *theirs);
            if verbose && allowed != *theirs {
                println!("{} {}: Chromium {theirs}, ours {allowed}", measured.id, question.name());
                println!("    {}", measured.csp);
            }
        }
    }
    for (question, tally) in Question::ALL.iter().zip(&tallies) {
        tally.print(question.name());
    }
    let asked = tallies.iter().map(|tally| tally.asked).sum();
    let agreed = tallies.iter().map(|tally| tally.agreed).sum();
    Tally { asked, agreed }.print("all");
    Ok(())
}
