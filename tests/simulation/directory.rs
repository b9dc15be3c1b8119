//! The policy directory: real files, edited by chance, and what was asked for with them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::{Arc, Mutex};

use chatward::digest::Digest;
use chatward::policy::{PolicyId, TenantName};
use chatward::snapshot;

use super::weather::Probes;
use super::world::World;

/// How many things a policy may say.
const VARIANTS: usize = 4;
/// The one that lets probes through.
const WEAK: usize = VARIANTS;

/// What a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Nothing,
    /// This variant, under a comment of that number.
    Policy(usize, usize),
    Broken,
}

/// One policy, and the file that it is in.
struct Slot {
    id: PolicyId,
    says: Says,
    /// Every digest that was ever asked for.
    asked: BTreeSet<Digest>,
    /// Whether its file, and not the whole directory, was ever taken away.
    removed: bool,
}

/// The directory.
pub struct Directory {
    world: Arc<World>,
    slots: Mutex<Vec<Slot>>,
    known: Mutex<BTreeMap<(usize, PolicyId), Digest>>,
}

impl Directory {
    pub fn new(world: &Arc<World>) -> Arc<Self> {
        let slot = |tenant: usize, policy: usize| Slot {
            id: format!("t{tenant}/p{policy}").parse().unwrap(),
            says: Says::Nothing,
            asked: BTreeSet::new(),
            removed: false,
        };
        let (tenants, policies) = (world.weather.tenants, world.weather.policies);
        let slots = (0..tenants).flat_map(|tenant| (0..policies).map(move |policy| slot(tenant, policy)));
        fs::create_dir(world.policies()).unwrap();
        let directory = Arc::new(Self {
            world: Arc::clone(world),
            slots: Mutex::new(slots.collect()),
            known: Mutex::default(),
        });
        for _ in 0..tenants * policies * 2 {
            directory.edit();
        }
        directory
    }

    pub fn tenants(&self) -> Vec<TenantName> {
        (0..self.world.weather.tenants).map(|tenant| format!("t{tenant}").parse().unwrap()).collect()
    }

    pub fn ids(&self) -> Vec<PolicyId> {
        self.slots.lock().unwrap().iter().map(|slot| slot.id.clone()).collect()
    }

    /// What is asked for of a policy now: nothing where its file is gone or can't be read.
    pub fn wanted(&self, id: &PolicyId) -> Wanted {
        let says = self.slots.lock().unwrap().iter().find(|slot| slot.id == *id).map(|slot| slot.says);
        match says {
            Some(Says::Policy(variant, _)) => Wanted::Digest(self.digest(id, variant), variant == WEAK),
            Some(Says::Broken) => Wanted::Unknown,
            _ => Wanted::Nothing,
        }
    }

    /// Whether a digest was ever asked for.
    pub fn ever_asked(&self, id: &PolicyId, digest: &str) -> bool {
        let slots = self.slots.lock().unwrap();
        let slot = slots.iter().find(|slot| slot.id == *id);
        slot.is_some_and(|slot| slot.asked.iter().any(|asked| asked.to_string() == digest))
    }

    /// Whether a policy's file was ever taken away, and not only the whole directory.
    pub fn ever_removed(&self, id: &PolicyId) -> bool {
        self.slots.lock().unwrap().iter().any(|slot| slot.id == *id && slot.removed)
    }

    /// Whether some file can't be read.
    pub fn is_broken(&self) -> bool {
        self.slots.lock().unwrap().iter().any(|slot| slot.says == Says::Broken)
    }

    /// Changes one file, or hides or brings back the whole directory.
    pub fn edit(&self) {
        let away = self.world.path().join("away");
        if away.exists() {
            self.world.note(|| "the directory is back".to_owned());
            fs::rename(&away, self.world.policies()).unwrap();
        } else if self.world.one_in(25) {
            self.world.note(|| "the directory is gone".to_owned());
            fs::rename(self.world.policies(), &away).unwrap();
        } else {
            self.edit_file();
        }
    }

    /// The whole directory is there again.
    pub fn bring_back(&self) {
        let away = self.world.path().join("away");
        if away.exists() {
            fs::rename(&away, self.world.policies()).unwrap();
        }
    }

    fn edit_file(&self) {
        let index = self.world.below(self.world.weather.tenants * self.world.weather.policies);
        let (id, before) = {
            let slots = self.slots.lock().unwrap();
            (slots[index].id.clone(), slots[index].says)
        };
        let weak = usize::from(self.world.weather.probes != Probes::None);
        let says = match (self.world.below(10), before) {
            (0, _) => Says::Nothing,
            (1, _) => Says::Broken,
            (2 | 3, Says::Policy(variant, comment)) => Says::Policy(variant, comment + 1),
            _ => Says::Policy(self.world.below(VARIANTS + weak), 0),
        };
        self.world.note(|| format!("{id} says {says:?}"));
        let path = self.world.policies().join(file(&id));
        match says {
            Says::Nothing => {
                let _ = fs::remove_file(path);
            }
            Says::Broken => fs::write(path, "kind: [").unwrap(),
            Says::Policy(variant, comment) => fs::write(path, text(&id, variant, comment)).unwrap(),
        }
        let digest = match says {
            Says::Policy(variant, _) => Some(self.digest(&id, variant)),
            _ => None,
        };
        let slot = &mut self.slots.lock().unwrap()[index];
        slot.says = says;
        slot.removed |= says == Says::Nothing;
        slot.asked.extend(digest);
    }

    fn digest(&self, id: &PolicyId, variant: usize) -> Digest {
        let made = || {
            let payloads = snapshot::payloads(&file(id).into(), text(id, variant, 0).as_bytes(), None);
            payloads[id].digest().unwrap()
        };
        *self.known.lock().unwrap().entry((variant, id.clone())).or_insert_with(made)
    }
}

/// What is asked for of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// This digest; and whether it lets probes through.
    Digest(Digest, bool),
    /// That it goes, or stays where pruning is off.
    Nothing,
    /// Nobody knows.
    Unknown,
}

fn file(id: &PolicyId) -> String {
    format!("{}-{}.yaml", id.tenant, id.name)
}

fn text(id: &PolicyId, variant: usize, comment: usize) -> String {
    let rules = match variant {
        WEAK => "[]",
        _ => "[strip-script-tags, sanitize-event-handlers, block-script-uris]",
    };
    format!(
        "# {comment}\napiVersion: chatward.dev/v1\nkind: WebchatSecurityPolicy\n\
         metadata: {{ name: {}, tenant: {} }}\nspec:\n  cspDirectives:\n    default-src: \"'self'\"\n    \
         script-src: \"'self' https://v{variant}.example.com\"\n    object-src: \"'none'\"\n    \
         base-uri: \"'none'\"\n  xssRules: {{ mode: block, rules: {rules} }}\n",
        id.name, id.tenant,
    )
}
