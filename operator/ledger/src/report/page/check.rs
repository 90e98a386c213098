//! What to look at first, and how to verify without us.

use super::Page;
use crate::report::Remark;
use crate::report::language::fill;

impl Page<'_> {
    pub(super) fn attention(&mut self) {
        let points = self.points();
        if points.is_empty() {
            self.html.element("<p class=\"good\">", self.words.attention_none, "</p>\n");
            return;
        }
        self.html.markup("<ul class=\"attention\">\n");
        for point in points {
            self.html.element("<li>", &point, "</li>\n");
        }
        self.html.markup("</ul>\n");
    }

    fn points(&self) -> Vec<String> {
        let (words, report) = (self.words, self.report);
        let mut points = Vec::new();
        for part in report.shards.iter().filter(|part| !part.is_whole()) {
            let (given, size) = (part.given.to_string(), part.checkpoint.size.to_string());
            points.push(fill(words.attention_part, &[&part.name.to_string(), &given, &size]));
        }
        for remark in &report.remarks {
            points.push(match remark {
                Remark::Loss { shard, left, why } => {
                    fill(words.attention_loss, &[&shard.to_string(), &left.to_string(), why])
                }
                Remark::Keys { shard } => fill(words.attention_keys, &[&shard.to_string()]),
                Remark::Dropped { shard } => fill(words.attention_dropped, &[&shard.to_string()]),
            });
        }
        let undecided = report.transfers.stories.iter().filter(|story| story.is_undecided());
        points.extend(undecided.map(|story| fill(words.attention_undecided, &[&story.name()])));
        match report.transfers.refused {
            0 => {}
            refused => points.push(fill(words.attention_refused, &[&refused.to_string()])),
        }
        points
    }

    pub(super) fn check(&mut self) {
        let words = self.words;
        self.lead(words.check_lead);
        self.html.markup("<dl class=\"commands\">\n");
        self.command("sha256sum --check SHA256SUMS", words.check_sums);
        self.command("bund ledger verify .", words.check_ours);
        self.command(
            "bund ledger verify . --policy YOUR-POLICY --checkpoint YOUR-CHECKPOINT",
            words.check_trust,
        );
        let whole = self.report.shards.iter().rfind(|part| part.is_whole());
        if let Some((shard, key)) =
            whole.and_then(|part| Some((part.name, part.signers().into_iter().next()?)))
        {
            let lines = format!(
                "echo '{key}' > /tmp/{shard}.vkey\n\
                 fsck -N=4 -ui=false -storage_url=\"file://$PWD/{shard}/\" -public_key=/tmp/{shard}.vkey"
            );
            self.command(&lines, words.check_theirs);
        }
        self.html.markup("</dl>\n");
        self.lead(words.check_limits);
    }

    fn command(&mut self, command: &str, shows: &str) {
        self.html.markup("<dt><pre>").lines(command).markup("</pre></dt>");
        self.html.element("<dd>", shows, "</dd>\n");
    }
}
