//! The shards: what each is, and the checkpoint under which its entries stand.

use super::{Page, grouped, time};
use crate::report::Part;
use crate::report::language::fill;

impl Page<'_> {
    pub(super) fn ledger(&mut self) {
        for part in &self.report.shards {
            self.part(part);
        }
    }

    fn part(&mut self, part: &Part) {
        let words = self.words;
        let Part { name, manifest, checkpoint, keys: _, given } = part;
        self.html.markup("<article>\n");
        self.html.element("<h3>", &fill(words.shard, &[&name.to_string()]), "</h3>\n<dl>\n");
        self.term(words.shard_began, &time(manifest.inception));
        if let Some(parent) = &manifest.parent {
            self.term(words.shard_parent, &parent.origin);
        }
        self.term(words.shard_size, &grouped(&checkpoint.size.to_string()));
        self.term(words.shard_given, &grouped(&given.to_string()));
        self.html.element("<dt>", words.shard_root, "</dt><dd><code>").text(&checkpoint.root.to_string());
        self.html.markup("</code></dd>\n");
        self.keys(words.shard_keys, &manifest.keys);
        self.html.element("<dt>", words.shard_checkpoint, "</dt><dd><pre>");
        self.html.lines(&checkpoint.text).markup("</pre></dd>\n");
        self.keys(words.shard_signers, &part.signers());
        self.html.markup("</dl>\n</article>\n");
    }

    fn keys(&mut self, term: &str, keys: &[String]) {
        self.html.element("<dt>", term, "</dt><dd>");
        for key in keys {
            self.html.element("<code class=\"key\">", key, "</code>");
        }
        self.html.markup("</dd>\n");
    }
}
