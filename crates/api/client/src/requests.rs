//! What the API can be asked for, with the shapes of what it answers.

use serde_json::{Value, json};
use settings_model::Key;

use crate::{Client, Error, uri};

/// Which layer of the store settings go to, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// What a setting generator found out.
    Generated,
    /// What the platform's user data says.
    UserData,
    /// What somebody asked for through the API.
    Api,
}

impl Layer {
    fn name(self) -> &'static str {
        match self {
            Self::Generated => "generated",
            Self::UserData => "user-data",
            Self::Api => "api",
        }
    }
}

impl Client {
    /// All settings in force: the tree under `settings`.
    pub fn settings(&self) -> Result<Value, Error> {
        self.get("/settings")
    }

    /// All settings in force with where each comes from: an object whose
    /// members are keys with `settings.` before them.
    pub fn provenance(&self) -> Result<Value, Error> {
        self.get("/settings?provenance=true")
    }

    /// Adds settings, a tree under `settings`, to a pending transaction.
    pub fn patch_settings(
        &self,
        settings: &Value,
        transaction: &str,
        layer: Layer,
    ) -> Result<(), Error> {
        let mut query = vec![("tx", transaction)];
        if layer != Layer::Api {
            query.push(("layer", layer.name()));
        }
        self.send(
            "PATCH",
            &uri("/settings", &query),
            Some(&settings.to_string()),
        )?;
        Ok(())
    }

    /// Adds to a pending transaction that settings are no longer set, each key
    /// with all that is below it. Returns the keys whose removal is now
    /// pending.
    pub fn unset_settings(&self, keys: &[Key], transaction: &str) -> Result<Vec<String>, Error> {
        let keys: Vec<String> = keys.iter().map(Key::to_string).collect();
        let query = [("keys", keys.join(",")), ("tx", transaction.to_owned())];
        let query = query
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        self.send_for_json("DELETE", &uri("/settings", &query))
    }

    /// What a pending transaction would change: a list of objects with `key`,
    /// `before`, `after` and `layer`.
    pub fn pending_changes(&self, transaction: &str) -> Result<Value, Error> {
        self.get(&uri("/tx/diff", &[("tx", transaction)]))
    }

    /// What would come of a pending transaction: an object with `changes`,
    /// `files` and `services`. One with nothing in it is a refusal with
    /// status 422, one that breaks a rule with status 400.
    pub fn check(&self, transaction: &str) -> Result<Value, Error> {
        self.send_for_json("POST", &uri("/tx/check", &[("tx", transaction)]))
    }

    /// Commits a transaction; returns the keys that it changed. A transaction
    /// with nothing in it is a refusal with status 422.
    pub fn commit(&self, transaction: &str) -> Result<Vec<String>, Error> {
        self.send_for_json("POST", &uri("/tx/commit", &[("tx", transaction)]))
    }

    /// As [`Client::commit`], and makes the node follow.
    pub fn commit_and_apply(&self, transaction: &str) -> Result<Vec<String>, Error> {
        self.send_for_json("POST", &uri("/tx/commit_and_apply", &[("tx", transaction)]))
    }

    /// Forgets a pending transaction, if there is one.
    pub fn drop_transaction(&self, transaction: &str) -> Result<(), Error> {
        self.send("DELETE", &uri("/tx", &[("tx", transaction)]), None)?;
        Ok(())
    }

    /// The generations that are kept, newest first: a list of objects with
    /// `number`, `time`, `transaction`, `who`, `keys` and `current`.
    pub fn history(&self) -> Result<Value, Error> {
        self.get("/history")
    }

    /// Makes the settings what they were in a generation, and the node follow.
    /// Returns the keys that changed. A generation that is not kept is a
    /// refusal with status 404.
    pub fn roll_back(&self, generation: u64) -> Result<Vec<String>, Error> {
        self.send_for_json("POST", &format!("/history/{generation}/rollback"))
    }

    /// Tells how far the boot is: `preconfigured`, `configured` or
    /// `multi-user`.
    pub fn report_stage(&self, stage: &str) -> Result<(), Error> {
        let body = json!({ "stage": stage }).to_string();
        self.send("POST", "/status/stage", Some(&body))?;
        Ok(())
    }

    /// Tells why the node is degraded; kept until the next boot.
    pub fn report_problem(&self, source: &str, message: &str) -> Result<(), Error> {
        let problem = json!({"source": source, "message": message});
        self.send("POST", "/status/problem", Some(&problem.to_string()))?;
        Ok(())
    }
}
