//! Every link between the pages of this repository leads somewhere: to a file or folder that is there, and to a
//! heading that its page has.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    fs::canonicalize(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
}

/// Every page in and below `folder`, without what is built and what is hidden.
fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        // What a link leads to is met at its own place.
        if entry.file_type().unwrap().is_dir() && name != "target" && !name.starts_with('.') {
            pages(&path, found);
        } else if entry.file_type().unwrap().is_file()
            && path.extension().is_some_and(|extension| extension == "md")
        {
            found.push(path);
        }
    }
}

/// The lines of a page outside of code blocks.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    page.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    })
}

/// What the links of a page point at. What is written as code is no link.
fn targets(page: &str) -> Vec<String> {
    let lines = prose(page).map(|line| line.split('`').step_by(2).collect::<String>());
    lines
        .flat_map(|line| line.split("](").skip(1).map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target.to_owned()))
        .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
        .collect()
}

/// The names by which GitHub links to the headings of a page.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = prose(page).filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

fn anchor(heading: &str) -> String {
    let lower = heading.to_lowercase();
    let kept = lower.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let mut all = Vec::new();
    pages(&root(), &mut all);
    assert!(all.len() > 10, "{all:?}");
    let (mut broken, mut followed) = (Vec::new(), 0);
    for page in all {
        let text = fs::read_to_string(&page).unwrap();
        for target in targets(&text) {
            let (path, heading) = target.split_once('#').unwrap_or((&target, ""));
            let path = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            let is_there = path.exists();
            let has_heading = || anchors(&fs::read_to_string(&path).unwrap()).contains(heading);
            if !is_there || (!heading.is_empty() && !has_heading()) {
                broken.push(format!("{}: {target}", page.display()));
            }
            followed += 1;
        }
    }
    assert_eq!(broken, Vec::<String>::new());
    assert!(followed > 100, "{followed}");
}

#[test]
fn a_heading_is_linked_to_as_github_names_it() {
    assert_eq!(anchor("What it needs, and what it writes"), "what-it-needs-and-what-it-writes");
    assert_eq!(anchor("`bund check`"), "bund-check");
    assert_eq!(anchor("读懂一行拒绝信息"), "读懂一行拒绝信息");
}
