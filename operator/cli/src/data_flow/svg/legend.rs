//! The legend below the figure.

use super::{
    super::markup::wide,
    Language, LinkLook, Look, Page, Phase, Shape, Side, Stroke, WIDTH, Word, escape,
    paint::{Paint, outline},
};

/// How high it is.
pub(super) const HEIGHT: u32 = 80;
/// The size of its letters.
const SIZE: u32 = 12;
/// Where its first entry begins.
const LEFT: u32 = 104;
/// What an entry takes besides its text.
const SWATCH: u32 = 42;
/// Between two entries.
const GAP: u32 = 20;

/// Draws it from `top` on.
pub(super) fn draw(page: &mut Page, top: u32, language: Language) {
    let head = escape(language.say(Word::Legend));
    let (y, end) = (top + 25, WIDTH - 24);
    page.put(format_args!("<path d=\"M24 {top}H{end}\" stroke=\"#d1d5db\" fill=\"none\"/>"));
    page.put(format_args!(
        "<text x=\"24\" y=\"{y}\" font-size=\"{SIZE}\" font-weight=\"600\" fill=\"#374151\">{head}</text>"
    ));
    let mut x = LEFT;
    for (look, word) in boxes(language) {
        swatch(page, x, top + 9, look);
        x = told(page, x, top + 25, word);
    }
    x = LEFT;
    for (look, word) in lines(language) {
        line(page, x, top + 57, look);
        x = told(page, x, top + 61, &word);
    }
}

fn boxes(language: Language) -> [(Look, &'static str); 6] {
    [
        (Look::Class, language.say(Word::LegendClass)),
        (Look::Holder, language.say(Word::LegendHolder)),
        (Look::Alarming, language.say(Word::LegendAlarming)),
        (Look::Place(Side::Inside), language.say(Word::LegendInside)),
        (Look::Place(Side::Outside), language.say(Word::LegendOutside)),
        (Look::Place(Side::Unknown), language.say(Word::LegendUnknown)),
    ]
}

fn lines(language: Language) -> [(LinkLook, String); 6] {
    let transfer = |phase| {
        let told = format!("{}{}", language.pick("transfer ", "传输"), language.phase(phase));
        (LinkLook::Flows(phase), told)
    };
    [
        (LinkLook::Holds, language.pick("is held by", "持有").to_owned()),
        (LinkLook::Lies(Side::Inside), language.pick("is there", "位于").to_owned()),
        transfer(Phase::InEffect),
        transfer(Phase::Pending),
        transfer(Phase::Ended),
        (LinkLook::Uncovered, language.pick("no transfer covers it", "无传输涵盖").to_owned()),
    ]
}

fn swatch(page: &mut Page, x: u32, y: u32, look: Look) {
    let shape = Shape { x, y, width: 32, height: 23, look, lines: Vec::new() };
    let Paint { fill, stroke: Stroke { colour, width, dashes, .. }, mark } = Paint::of(look);
    let outline = outline(&shape);
    page.put(format_args!(
        "<path d=\"{outline}\" fill=\"{fill}\" stroke=\"{colour}\" stroke-width=\"{width}\"{dashes}/>"
    ));
    if let Some(mark) = mark {
        let (x, y) = (x + 12, y + 17);
        page.put(format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"14\" font-weight=\"700\" fill=\"{colour}\">{mark}</text>"
        ));
    }
}

fn line(page: &mut Page, x: u32, y: u32, look: LinkLook) {
    let Stroke { colour, width, dashes, arrow } = Stroke::of(look);
    let end = x + 27;
    page.put(format_args!(
        "<path d=\"M{x} {y}H{end}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dashes}/>"
    ));
    if arrow {
        let (above, below, tip) = (y - 5, y + 5, end + 7);
        page.put(format_args!("<path d=\"M{end} {above}L{tip} {y}L{end} {below}Z\" fill=\"{colour}\"/>"));
    }
}

/// Writes the text of an entry; answers where the next one begins.
fn told(page: &mut Page, x: u32, y: u32, word: &str) -> u32 {
    let text = escape(word);
    let from = x + SWATCH;
    page.put(format_args!(
        "<text x=\"{from}\" y=\"{y}\" font-size=\"{SIZE}\" fill=\"#374151\">{text}</text>"
    ));
    from + wide(word) * SIZE / 100 + GAP
}
