//! The mutants of a source file.

use std::collections::BTreeSet;
use std::mem;
use std::ops::Range;

use proc_macro2::Span;
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Arm, Block, Expr, ExprBinary, ExprConst, ExprMatch, ExprRepeat, ExprUnary, ImplItem, ImplItemFn, Item, ItemFn,
    ItemImpl, ItemTrait, Pat, Path, Signature, Stmt, TraitItem, TraitItemFn, Type, UnOp,
};

use crate::alternatives::{operators, results};
use crate::conditions::is_compiled;
use crate::mutant::{Edit, Mutant};

/// Functions whose bodies stay: texts for people, wiping, values by default, and labels, which a test reads from the
/// sources. Their expressions are changed.
const BODIES_LEFT: [&str; 4] = ["fmt", "drop", "default", "label"];

/// The mutants of a source file.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) mutants: Vec<Mutant>,
    /// The places of the word `const` before functions. A mutant asks for its number when it runs, so that it cannot be
    /// in a `const fn`.
    pub(crate) consts: Vec<Range<usize>>,
}

/// Finds the mutants of a source file. Functions of the names in `kept` stay `const`, and have none.
pub(crate) fn find(file: &str, source: &str, kept: &BTreeSet<String>) -> syn::Result<Found> {
    let mut finder = Finder { file, source, kept, names: Vec::new(), found: Found::default() };
    finder.visit_file(&syn::parse_file(source)?);
    Ok(finder.found)
}

struct Finder<'s> {
    file: &'s str,
    source: &'s str,
    kept: &'s BTreeSet<String>,
    /// The names of the type or trait and of the function around the place.
    names: Vec<String>,
    found: Found,
}

impl Finder<'_> {
    fn add(&mut self, place: Span, change: &str, edit: Edit) {
        let function = self.names.join("::");
        let change = change.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_equal = |other: &&Mutant| other.function == function && other.change == change;
        let ordinal = 1 + self.found.mutants.iter().filter(is_equal).count();
        let line = place.start().line;
        self.found.mutants.push(Mutant { file: self.file.to_owned(), function, change, ordinal, line, edit });
    }

    fn text(&self, node: &impl Spanned) -> &str {
        &self.source[node.span().byte_range()]
    }

    /// Returns the text of an operand, which stays one whatever the operator beside it.
    fn operand(&self, operand: &Expr) -> String {
        let text = self.text(operand);
        if matches!(operand, Expr::Binary(_) | Expr::Cast(_)) { format!("({text})") } else { text.to_owned() }
    }

    fn inside(&mut self, name: String, visit: impl FnOnce(&mut Self)) {
        self.names.push(name);
        visit(self);
        self.names.pop();
    }

    fn function(&mut self, signature: &Signature, block: &Block) {
        let name = signature.ident.to_string();
        if let Some(word) = &signature.constness {
            let path: Vec<_> = self.names.iter().chain([&name]).map(String::as_str).collect();
            if self.kept.contains(&path.join("::")) {
                return;
            }
            self.found.consts.push(word.span().byte_range());
        }
        let has_results = !block.stmts.is_empty() && !BODIES_LEFT.contains(&name.as_str());
        self.inside(name, |finder| {
            if has_results {
                finder.results(signature, block);
            }
            finder.visit_block(block);
        });
    }

    fn results(&mut self, signature: &Signature, block: &Block) {
        let body =
            self.text(block).trim_matches(|letter: char| "{}".contains(letter) || letter.is_whitespace()).to_owned();
        let at = block.span().byte_range().start + 1;
        for value in results(&signature.output) {
            if value != body {
                self.add(block.span(), &format!("return {value}"), Edit::Return { at, value });
            }
        }
    }

    fn arm(&mut self, arm: &Arm, others_match: bool) {
        match &arm.pat {
            Pat::Guard(guarded) => {
                if !has_let(&guarded.guard) {
                    for by in ["true", "false"] {
                        let edit = Edit::Replace { range: guarded.guard.span().byte_range(), by: by.to_owned() };
                        self.add(guarded.guard.span(), &format!("guard -> {by}"), edit);
                    }
                }
                self.visit_expr(&guarded.guard);
            }
            Pat::Wild(_) => {}
            pattern if others_match => {
                let change = format!("delete arm {}", self.text(pattern));
                self.add(pattern.span(), &change, Edit::DeleteArm { at: pattern.span().byte_range().end });
            }
            _ => {}
        }
        self.visit_expr(&arm.body);
    }
}

/// Returns `true` if the names of a `let` in this condition hold after it, so that it cannot be moved into a block.
fn has_let(condition: &Expr) -> bool {
    match condition {
        Expr::Let(_) => true,
        Expr::Binary(both) => has_let(&both.left) || has_let(&both.right),
        _ => false,
    }
}

fn name_of(named: &Type) -> String {
    match named {
        Type::Path(path) => path.path.segments.last().map(|name| name.ident.to_string()).unwrap_or_default(),
        other => other.to_token_stream().to_string(),
    }
}

impl<'a> Visit<'a> for Finder<'_> {
    fn visit_item(&mut self, item: &'a Item) {
        // All others are constants, or have no expressions.
        let has_functions = matches!(item, Item::Fn(_) | Item::Impl(_) | Item::Mod(_) | Item::Trait(_));
        if has_functions && is_compiled(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'a ItemImpl) {
        self.inside(name_of(&item.self_ty), |finder| visit::visit_item_impl(finder, item));
    }

    fn visit_item_trait(&mut self, item: &'a ItemTrait) {
        self.inside(item.ident.to_string(), |finder| visit::visit_item_trait(finder, item));
    }

    fn visit_impl_item(&mut self, item: &'a ImplItem) {
        if matches!(item, ImplItem::Fn(_)) && is_compiled(item) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'a TraitItem) {
        if matches!(item, TraitItem::Fn(_)) && is_compiled(item) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'a ItemFn) {
        // A function inside another one has only its own name.
        let names = mem::take(&mut self.names);
        self.function(&item.sig, &item.block);
        self.names = names;
    }

    fn visit_impl_item_fn(&mut self, item: &'a ImplItemFn) {
        self.function(&item.sig, &item.block);
    }

    fn visit_trait_item_fn(&mut self, item: &'a TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
    }

    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if is_compiled(statement) {
            visit::visit_stmt(self, statement);
        }
    }

    fn visit_expr_binary(&mut self, binary: &'a ExprBinary) {
        self.visit_expr(&binary.left);
        if !has_let(&binary.left) && !has_let(&binary.right) {
            let operator = self.text(&binary.op).to_owned();
            for other in operators(&binary.op) {
                let by = format!("{} {other} {}", self.operand(&binary.left), self.operand(&binary.right));
                let edit = Edit::Replace { range: binary.span().byte_range(), by };
                self.add(binary.op.span(), &format!("{operator} -> {other}"), edit);
            }
        }
        self.visit_expr(&binary.right);
    }

    fn visit_expr_unary(&mut self, unary: &'a ExprUnary) {
        if matches!(unary.op, UnOp::Not(_)) {
            let edit = Edit::Replace { range: unary.span().byte_range(), by: self.text(&unary.expr).to_owned() };
            self.add(unary.span(), "delete !", edit);
        }
        self.visit_expr(&unary.expr);
    }

    fn visit_expr_match(&mut self, chosen: &'a ExprMatch) {
        self.visit_expr(&chosen.expr);
        let others_match = chosen.arms.iter().any(|arm| matches!(arm.pat, Pat::Wild(_)));
        for arm in chosen.arms.iter().filter(is_compiled) {
            self.arm(arm, others_match);
        }
    }

    fn visit_expr_repeat(&mut self, repeat: &'a ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }

    // Constants, in which no mutant can be.
    fn visit_expr_const(&mut self, _: &'a ExprConst) {}
    fn visit_pat(&mut self, _: &'a Pat) {}
    fn visit_path(&mut self, _: &'a Path) {}
    fn visit_type(&mut self, _: &'a Type) {}
}
