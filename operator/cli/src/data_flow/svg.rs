//! The figure as SVG: one picture that stands alone, without scripts, styles or anything from elsewhere. Sides and phases
//! differ by shape and by dashes as well as by colour, so that they survive a printer without colours.

use std::fmt::Write;

use super::{
    DataFlow, Phase, Side, describe,
    figure::{Figure, LINE, Shape, WIDTH, column, figure},
    fold::{Column, Link, LinkLook, Look, graph},
    markup::{cut, escape},
    word::{Language, Word},
};

mod legend;
mod paint;

use paint::{Paint, Stroke};

/// Fonts that are there already, those with Chinese letters among them.
const FONTS: &str = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif";
/// The size of the first line of a box, and of the others.
const SIZES: [u32; 2] = [13, 12];
/// How high the headline is, with the room around it.
const HEADLINE: u32 = 46;
/// Between the edge of a box and its text.
const MARGIN: u32 = 12;

/// Whether a figure stands alone, or in a page that says what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    Alone,
    InPage,
}

/// The figure of a map.
pub fn svg(map: &DataFlow, language: Language) -> String {
    draw(map, language, Stands::Alone)
}

pub(super) fn draw(map: &DataFlow, language: Language, stands: Stands) -> String {
    let figure = figure(&graph(map, language));
    let mut page = Page(String::new());
    let height = figure.height + legend::HEIGHT;
    page.open(map, language, stands, height);
    page.heads(language);
    // Lines lie below the boxes; flows above what merely is.
    let mut links: Vec<_> = figure.links.iter().collect();
    links.sort_by_key(|link| (link.look, link.from, link.to));
    for link in links {
        page.link(link, &figure);
    }
    for shape in &figure.shapes {
        page.shape(shape);
    }
    legend::draw(&mut page, figure.height, language);
    page.0.push_str("</svg>\n");
    page.0
}

struct Page(String);

impl Page {
    fn put(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        self.0.write_fmt(line).unwrap_or_default();
        self.0.push('\n');
    }

    fn open(&mut self, map: &DataFlow, language: Language, stands: Stands, height: u32) {
        let made = format!("{} {}", language.say(Word::MadeAt), describe::moment(map.made_at));
        let from = describe::made_from(&map.made_from, language);
        let told = [language.say(Word::Title), &made, &from].join(language.pick(", ", "，"));
        let (title, description) = (escape(&told), escape(language.say(Word::Description)));
        // A page says above the figure what it is.
        let top = if stands == Stands::Alone { 0 } else { HEADLINE };
        let shown = height - top;
        self.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:lang=\"{}\" role=\"img\" aria-labelledby=\"map-title map-description\" \
             viewBox=\"0 {top} {WIDTH} {shown}\" width=\"{WIDTH}\" height=\"{shown}\" font-family=\"{FONTS}\" font-size=\"12\">",
            language.tag()
        ));
        self.put(format_args!("<title id=\"map-title\">{title}</title>"));
        self.put(format_args!("<desc id=\"map-description\">{description}</desc>"));
        self.put(format_args!("<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>"));
        let headline = escape(&cut(&told, (WIDTH - 48) * 100 / 17));
        self.put(format_args!(
            "<text x=\"24\" y=\"34\" font-size=\"17\" font-weight=\"600\" fill=\"#111827\">{headline}</text>"
        ));
    }

    fn heads(&mut self, language: Language) {
        let heads = [
            (Column::Class, Word::Classes),
            (Column::Holder, Word::HeldBy),
            (Column::Place, Word::Where),
            (Column::Recipient, Word::FlowsTo),
        ];
        for (of, word) in heads {
            let (x, width) = column(of);
            let word = escape(language.say(word));
            self.put(format_args!(
                "<text x=\"{x}\" y=\"68\" font-size=\"13\" fill=\"#4b5563\">{word}</text>"
            ));
            let end = x + width;
            self.put(format_args!("<path d=\"M{x} 77H{end}\" stroke=\"#d1d5db\" fill=\"none\"/>"));
        }
    }

    fn link(&mut self, link: &Link, figure: &Figure) {
        let (Some(from), Some(to)) = (figure.shapes.get(link.from), figure.shapes.get(link.to)) else {
            return;
        };
        let Stroke { colour, width, dashes, arrow } = Stroke::of(link.look);
        let (x, y) = (from.x + from.width, from.y + from.height / 2);
        let end = if arrow { to.x - 7 } else { to.x };
        let (target, bend) = (to.y + to.height / 2, (to.x - x) / 2);
        let (near, far) = (x + bend, end - bend.min(end));
        self.put(format_args!(
            "<path d=\"M{x} {y}C{near} {y} {far} {target} {end} {target}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dashes}/>"
        ));
        if arrow {
            let (above, below, tip) = (target - 5, target + 5, to.x);
            self.put(format_args!(
                "<path d=\"M{end} {above}L{tip} {target}L{end} {below}Z\" fill=\"{colour}\"/>"
            ));
        }
    }

    fn shape(&mut self, shape: &Shape) {
        let title = escape(&shape.lines.join(" · "));
        self.put(format_args!("<g><title>{title}</title>"));
        let Paint { fill, stroke, .. } = Paint::of(shape.look);
        let Stroke { colour, width, dashes, .. } = stroke;
        let outline = paint::outline(shape);
        self.put(format_args!(
            "<path d=\"{outline}\" fill=\"{fill}\" stroke=\"{colour}\" stroke-width=\"{width}\"{dashes}/>"
        ));
        if let Some(mark) = Paint::of(shape.look).mark {
            let (x, y) = (shape.x + shape.width - 20, shape.y + 20);
            self.put(format_args!("<text x=\"{x}\" y=\"{y}\" font-size=\"15\" font-weight=\"700\" fill=\"{colour}\">{mark}</text>"));
        }
        self.lines(shape);
        self.put(format_args!("</g>"));
    }

    fn lines(&mut self, shape: &Shape) {
        let [first, other] = SIZES;
        let block = u32::try_from(shape.lines.len()).unwrap_or_default() * LINE;
        let mut y = shape.y + (shape.height.saturating_sub(block)) / 2 + 13;
        let mark = if Paint::of(shape.look).mark.is_some() { 16 } else { 0 };
        for (index, line) in shape.lines.iter().enumerate() {
            let (size, weight, colour) =
                if index == 0 { (first, "600", "#111827") } else { (other, "400", "#374151") };
            let room = shape.width.saturating_sub(2 * MARGIN + mark) * 100 / size;
            let text = escape(&cut(line, room));
            let x = shape.x + MARGIN;
            self.put(format_args!(
                "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" font-weight=\"{weight}\" fill=\"{colour}\">{text}</text>"
            ));
            y += LINE;
        }
    }
}
