//! Colours, dashes and outlines.

use super::{
    super::figure::Shape,
    {LinkLook, Look, Phase, Side},
};

/// How a box is painted.
pub(super) struct Paint {
    pub(super) fill: &'static str,
    pub(super) stroke: Stroke,
    /// What stands in its corner.
    pub(super) mark: Option<&'static str>,
}

/// How a line is drawn.
#[derive(Clone, Copy)]
pub(super) struct Stroke {
    pub(super) colour: &'static str,
    pub(super) width: &'static str,
    /// The attribute that says how it is broken, or nothing.
    pub(super) dashes: &'static str,
    pub(super) arrow: bool,
}

const SOLID: &str = "";
const DASHED: &str = " stroke-dasharray=\"8 4\"";
const DOTTED: &str = " stroke-dasharray=\"2 4\"";
const BROKEN: &str = " stroke-dasharray=\"10 3 2 3\"";

const GREEN: &str = "#15803d";
const ORANGE: &str = "#b45309";
const RED: &str = "#b91c1c";
const BLUE: &str = "#1d4ed8";
const GREY: &str = "#6b7280";

const fn stroke(colour: &'static str, width: &'static str, dashes: &'static str) -> Stroke {
    Stroke { colour, width, dashes, arrow: false }
}

impl Stroke {
    pub(super) fn of(look: LinkLook) -> Self {
        match look {
            LinkLook::Holds => stroke("#9ca3af", "1.2", SOLID),
            LinkLook::Lies(side) => Self::of_side(side, ["1.2", "1.2", "1.6"]),
            LinkLook::Flows(phase) => Self { arrow: true, ..Self::of_phase(phase, "2.2") },
            LinkLook::Uncovered => Self { arrow: true, ..stroke(RED, "2.2", BROKEN) },
        }
    }

    fn of_side(side: Side, [inside, unknown, outside]: [&'static str; 3]) -> Self {
        match side {
            Side::Inside => stroke(GREEN, inside, SOLID),
            Side::Unknown => stroke(GREY, unknown, DASHED),
            Side::Outside => stroke(ORANGE, outside, SOLID),
        }
    }

    fn of_phase(phase: Phase, width: &'static str) -> Self {
        match phase {
            Phase::InEffect => stroke(BLUE, width, SOLID),
            Phase::Pending => stroke(BLUE, width, DASHED),
            Phase::Ended => stroke(GREY, width, DOTTED),
        }
    }
}

impl Paint {
    pub(super) fn of(look: Look) -> Self {
        let plain = |fill, stroke| Self { fill, stroke, mark: None };
        match look {
            Look::Class => plain("#eef2ff", stroke("#4338ca", "1.4", SOLID)),
            Look::Holder => plain("#f9fafb", stroke("#6b7280", "1.2", SOLID)),
            Look::Alarming => Self { fill: "#fef2f2", stroke: stroke(RED, "1.8", SOLID), mark: Some("!") },
            Look::Untold => Self { fill: "#ffffff", stroke: stroke(GREY, "1.4", DASHED), mark: Some("?") },
            Look::Place(Side::Inside) => plain("#f0fdf4", Stroke::of_side(Side::Inside, ["1.6"; 3])),
            Look::Place(Side::Outside) => plain("#fff7ed", Stroke::of_side(Side::Outside, ["2.4"; 3])),
            Look::Place(Side::Unknown) => {
                Self { fill: "#ffffff", stroke: Stroke::of_side(Side::Unknown, ["1.6"; 3]), mark: Some("?") }
            }
            Look::Transfer(Phase::Ended) => plain("#f3f4f6", Stroke::of_phase(Phase::Ended, "1.6")),
            Look::Transfer(phase) => plain("#eff6ff", Stroke::of_phase(phase, "1.6")),
            Look::Gap => Self { fill: "#fef2f2", stroke: stroke(RED, "2", BROKEN), mark: Some("!") },
        }
    }
}

/// The outline of a box: round for classes and what is inside, with cut corners for what is outside.
pub(super) fn outline(shape: &Shape) -> String {
    let Shape { x, y, width, height, look, .. } = shape;
    match look {
        Look::Place(Side::Outside) | Look::Transfer(_) | Look::Gap => cut_corners(*x, *y, *width, *height),
        Look::Class | Look::Place(Side::Inside) => rounded(*x, *y, *width, *height, 11),
        Look::Holder | Look::Alarming | Look::Untold | Look::Place(Side::Unknown) => {
            rounded(*x, *y, *width, *height, 2)
        }
    }
}

fn rounded(x: u32, y: u32, width: u32, height: u32, radius: u32) -> String {
    let r = radius;
    let (across, down) = (width - 2 * r, height - 2 * r);
    let left = x + r;
    format!(
        "M{left} {y}h{across}a{r} {r} 0 0 1 {r} {r}v{down}a{r} {r} 0 0 1 -{r} {r}h-{across}a{r} {r} 0 0 1 -{r} -{r}v-{down}a{r} {r} 0 0 1 {r} -{r}Z"
    )
}

fn cut_corners(x: u32, y: u32, width: u32, height: u32) -> String {
    const CUT: u32 = 9;
    let (across, down, left) = (width - 2 * CUT, height - 2 * CUT, x + CUT);
    format!("M{left} {y}h{across}l{CUT} {CUT}v{down}l-{CUT} {CUT}h-{across}l-{CUT} -{CUT}v-{down}Z")
}
