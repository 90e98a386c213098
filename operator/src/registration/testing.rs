//! What every policy that the API server evaluates must keep to.

use serde_json::Value;

/// The API server refuses a policy that reads a variable before it is written.
#[track_caller]
pub(super) fn assert_written_before_read(policy: &Value) {
    let mut known = Vec::new();
    for variable in policy["spec"]["variables"].as_array().unwrap() {
        let expression = variable["expression"].as_str().unwrap();
        for used in expression.split("variables.").skip(1) {
            let name: String = used.chars().take_while(char::is_ascii_alphanumeric).collect();
            assert!(known.contains(&name), "{name} in {expression}");
        }
        known.push(variable["name"].as_str().unwrap().to_owned());
    }
}
