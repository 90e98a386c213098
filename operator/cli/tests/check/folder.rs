//! A folder with files, and the binary run in it.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with files; gone when dropped.
pub struct Folder(TempDir);

/// What a run left behind.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Folder {
    pub fn of(files: &[(&str, &str)]) -> Self {
        let folder = Self(TempDir::new().unwrap());
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bund"));
        command.current_dir(self.path()).args(arguments).stdin(Stdio::null()).env_remove("NO_COLOR");
        command
    }

    /// `bund check` with these arguments.
    pub fn check(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(&[&["check"], arguments].concat()).output().unwrap())
    }

    /// `bund check` with these arguments and this on standard input.
    pub fn check_fed(&self, arguments: &[&str], input: &str) -> Run {
        let mut command = self.command(&[&["check"], arguments].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Run::of(child.wait_with_output().unwrap())
    }

    /// The JSON report of `bund check` with these arguments.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let run = self.check(&[arguments, &["-o", "json"]].concat());
        serde_json::from_str(&run.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", run.stdout, run.stderr))
    }

    /// The reasons that the report names, of each object in turn.
    pub fn reasons(&self, arguments: &[&str]) -> Vec<String> {
        let report = self.json(arguments);
        let objects = report["objects"].as_array().unwrap();
        let findings = objects.iter().flat_map(|object| object["findings"].as_array().unwrap());
        findings.map(|finding| finding["reason"].as_str().unwrap().to_owned()).collect()
    }
}

impl Run {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or_else(|| panic!("{output:?}")),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let whole = format!("{}{}", self.stdout, self.stderr);
        assert!(whole.contains(text), "`{text}` is not in:\n{whole}");
        self
    }
}

/// A Deployment in the namespace `shop` that holds a class and names a region.
pub fn deployment(name: &str, region: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata:
      labels:
        app: {name}
        data-class.bund.dev/personal-information: \"\"
    spec:
      nodeSelector:
        topology.kubernetes.io/region: {region}
      containers: [{{name: web, image: web}}]
"
    )
}

/// The guarded Namespace `shop`.
pub const SHOP: &str = "apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {bund.dev/guarded: \"true\"}}
";

/// A Mixed cluster on Alibaba Cloud.
pub const CLUSTER: &str = "apiVersion: bund.dev/v1alpha1
kind: ClusterLocation
metadata: {name: cluster}
spec: {jurisdiction: cn-mainland, span: Mixed, providers: [alibaba]}
";
