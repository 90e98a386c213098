//! The tables of the page: every row of the map.

use super::{
    super::{DataFlow, Holder, Side, Transfer, describe},
    Page, Word, escape,
};

/// A table by its heads and its rows; each cell holds lines.
fn table(page: &mut Page, class: &str, heads: &[Word], rows: impl Iterator<Item = Vec<Cell>>) {
    page.put(&format!("<table class=\"{class}\">\n<thead><tr>"));
    for head in heads {
        page.put(&format!("<th scope=\"col\">{}</th>", escape(page.language.say(*head))));
    }
    page.put("</tr></thead>\n<tbody>\n");
    for row in rows {
        page.put("<tr>");
        for Cell { look, lines } in row {
            let lines: Vec<_> = lines.iter().map(|line| format!("<div>{}</div>", escape(line))).collect();
            page.put(&format!("<td class=\"{look}\">{}</td>", lines.concat()));
        }
        page.put("</tr>\n");
    }
    page.put("</tbody>\n</table>\n");
}

/// A cell: how it looks, and its lines.
struct Cell {
    look: &'static str,
    lines: Vec<String>,
}

fn lines(lines: Vec<String>) -> Cell {
    Cell { look: "", lines }
}

fn line(line: impl Into<String>) -> Cell {
    lines(vec![line.into()])
}

/// What goes out without a transfer.
pub(super) fn uncovered(page: &mut Page, map: &DataFlow) {
    let language = page.language;
    let Some(holders) = &map.holders else { return page.element("p", language.say(Word::NotOnRecord)) };
    let alarming: Vec<_> = holders.iter().filter(|holder| !holder.uncovered.is_empty()).collect();
    if alarming.is_empty() {
        return page.element("p", language.say(Word::UncoveredNone));
    }
    rows_of_holders(page, alarming.into_iter());
}

/// Every class.
pub(super) fn classes(page: &mut Page, map: &DataFlow) {
    let language = page.language;
    let rows = map.classes.iter().map(|class| {
        let [in_law, kept] = describe::class(class, language);
        vec![line(class.name.to_string()), line(in_law), line(kept)]
    });
    table(page, "classes", &[Word::Class, Word::Category, Word::KeptBy], rows);
}

/// Everything that holds a class.
pub(super) fn holders(page: &mut Page, map: &DataFlow) {
    match &map.holders {
        Some(holders) => rows_of_holders(page, holders.iter()),
        None => page.element("p", page.language.say(Word::NotOnRecord)),
    }
}

fn rows_of_holders<'m>(page: &mut Page, holders: impl Iterator<Item = &'m Holder>) {
    const HEADS: [Word; 6] =
        [Word::Namespace, Word::Owner, Word::Objects, Word::Classes, Word::Where, Word::FlowsTo];
    let language = page.language;
    let rows = holders.map(|holder| {
        let worst = holder.places.iter().map(|place| place.side).max();
        let look = match worst {
            Some(Side::Inside) => "inside",
            Some(Side::Outside) => "outside",
            Some(Side::Unknown) | None => "unknown",
        };
        let flows = Cell {
            look: if holder.uncovered.is_empty() { "" } else { "uncovered" },
            lines: describe::flows(holder, language),
        };
        vec![
            line(holder.namespace.as_deref().unwrap_or(language.say(Word::NoNamespace))),
            line(describe::owner(holder)),
            line(describe::objects(holder, language)),
            lines(holder.classes.iter().map(ToString::to_string).collect()),
            Cell { look, lines: holder.places.iter().map(|one| describe::place(one, language)).collect() },
            flows,
        ]
    });
    table(page, "holders", &HEADS, rows);
}

/// Every transfer.
pub(super) fn transfers(page: &mut Page, map: &DataFlow) {
    const HEADS: [Word; 7] = [
        Word::Transfer,
        Word::Classes,
        Word::Recipient,
        Word::Ground,
        Word::Evidence,
        Word::Approvals,
        Word::Persons,
    ];
    if map.transfers.is_empty() {
        return page.element("p", page.language.say(Word::Nothing));
    }
    let rows: Vec<_> = map.transfers.iter().map(|transfer| of_transfer(page, transfer)).collect();
    table(page, "transfers", &HEADS, rows.into_iter());
}

fn of_transfer(page: &Page, transfer: &Transfer) -> Vec<Cell> {
    let language = page.language;
    let mut named = vec![describe::id(&transfer.id)];
    named.extend(describe::standing(transfer, language));
    named.push(describe::validity(transfer, language));
    let mut carried = vec![describe::carried(transfer, language), describe::exporter(transfer)];
    carried.extend(describe::sources(transfer, language));
    let mut to = vec![describe::recipient(transfer, language)];
    to.extend(describe::destinations(transfer, language));
    vec![
        lines(named),
        lines(carried),
        lines(to),
        lines(describe::ground(transfer, language)),
        lines(describe::evidence(transfer, language)),
        lines(describe::approvals(transfer, language)),
        lines(describe::persons(transfer.persons, language)),
    ]
}
