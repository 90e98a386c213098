//! Characters that are not seen, or that change how others are seen.

/// Whether a character is not seen, or changes how others are seen: a terminal obeys control characters, and whoever reads
/// may be shown another order of letters than the one that is there. Text from objects is shown with these written out.
pub fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character,
            // Arabic letter mark, zero-width characters and marks of direction.
            '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            // Line and paragraph separators, embeddings and overrides of direction.
            | '\u{2028}'..='\u{202e}'
            // Invisible operators and isolates of direction.
            | '\u{2060}'..='\u{206f}'
            // Byte order mark, interlinear annotations, tags.
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
