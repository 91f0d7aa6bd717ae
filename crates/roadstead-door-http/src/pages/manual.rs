//! The manual: the chapters of the repository, rendered once, with links that fit these addresses.

use std::sync::LazyLock;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};
use rust_embed::RustEmbed;

use super::frame::{Page, show};
use crate::App;
use crate::auth::Visitor;
use crate::problem::Problem;

#[derive(RustEmbed)]
#[folder = "../../docs/manual"]
struct Sources;

/// The file that lists the others.
const INDEX: &str = "README";

/// A chapter with the contents beside it.
#[derive(Template)]
#[template(path = "manual.html")]
struct ManualPage {
    page: Page,
    chapters: Vec<Chapter>,
    /// The one value that is not escaped: rendered from the repository's own Markdown.
    body: &'static str,
    previous: Option<Link>,
    next: Option<Link>,
}

struct Chapter {
    href: String,
    title: &'static str,
    current: bool,
}

struct Link {
    href: String,
    title: &'static str,
}

/// A chapter, rendered.
struct Rendered {
    slug: String,
    title: String,
    body: String,
}

static MANUAL: LazyLock<Vec<Rendered>> = LazyLock::new(|| {
    let mut names: Vec<_> = Sources::iter().filter(|name| name.ends_with(".md")).collect();
    names.sort_by_key(|name| (!name.starts_with(INDEX), name.to_string()));
    let slugs: Vec<String> =
        names.iter().map(|name| name.trim_end_matches(".md").to_owned()).collect();
    let sources = names.iter().filter_map(|name| Sources::get(name));
    let texts = sources.map(|file| String::from_utf8_lossy(&file.data).into_owned());
    slugs.iter().zip(texts).map(|(slug, text)| rendered(slug, &text, &slugs)).collect()
});

/// The manual's first page.
pub(crate) async fn index(
    State(app): State<App>,
    visitor: Option<Visitor>,
) -> Result<Response, Problem> {
    turn_to(&app, visitor.as_ref(), INDEX)
}

/// A chapter of the manual.
pub(crate) async fn chapter(
    State(app): State<App>,
    Path(chapter): Path<String>,
    visitor: Option<Visitor>,
) -> Result<Response, Problem> {
    turn_to(&app, visitor.as_ref(), &chapter)
}

fn turn_to(app: &App, visitor: Option<&Visitor>, slug: &str) -> Result<Response, Problem> {
    let at =
        MANUAL.iter().position(|chapter| chapter.slug == slug).ok_or_else(Problem::not_found)?;
    let link = |chapter: &'static Rendered| Link { href: chapter.href(), title: &chapter.title };
    let listed = MANUAL.iter().enumerate().map(|(index, chapter)| Chapter {
        href: chapter.href(),
        title: &chapter.title,
        current: index == at,
    });
    let here = &MANUAL[at];
    let page = ManualPage {
        page: Page::new(app, here.title.as_str(), "manual", visitor),
        chapters: listed.collect(),
        body: &here.body,
        previous: at.checked_sub(1).and_then(|before| MANUAL.get(before)).map(link),
        next: MANUAL.get(at + 1).map(link),
    };
    show(StatusCode::OK, &page)
}

impl Rendered {
    fn href(&self) -> String {
        address(&self.slug)
    }
}

fn address(slug: &str) -> String {
    if slug == INDEX { "/manual".to_owned() } else { format!("/manual/{slug}") }
}

fn rendered(slug: &str, text: &str, slugs: &[String]) -> Rendered {
    let mut events = plain_events(text, slugs);
    let title = name_headings(&mut events);
    let mut body = String::with_capacity(text.len() * 2);
    html::push_html(&mut body, events.into_iter());
    Rendered { slug: slug.to_owned(), title: title.unwrap_or_else(|| slug.to_owned()), body }
}

/// Reads Markdown; raw HTML, pictures and links that lead nowhere here are dropped, their text stays.
fn plain_events<'a>(text: &'a str, slugs: &[String]) -> Vec<Event<'a>> {
    let mut events = Vec::new();
    let mut leads = true;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Html(_)
            | Event::InlineHtml(_)
            | Event::Start(Tag::HtmlBlock | Tag::Image { .. })
            | Event::End(TagEnd::HtmlBlock | TagEnd::Image) => {}
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let target = target(&dest_url, slugs);
                leads = target.is_some();
                if let Some(target) = target {
                    let dest_url = CowStr::from(target);
                    events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
                }
            }
            Event::End(TagEnd::Link) if !leads => leads = true,
            other => events.push(other),
        }
    }
    events
}

/// Where a link of the Markdown leads on this server; `None` for files that are not served.
fn target(link: &str, slugs: &[String]) -> Option<String> {
    let outside = ["https://", "http://", "mailto:", "#"];
    if outside.iter().any(|start| link.starts_with(start)) {
        return Some(link.to_owned());
    }
    if link.starts_with('/') && !link.starts_with("//") {
        return Some(link.to_owned());
    }
    let link = link.strip_prefix("./").unwrap_or(link);
    let (file, part) = link.split_once('#').map_or((link, None), |(file, part)| (file, Some(part)));
    let slug = file.strip_suffix(".md")?;
    let known = slugs.iter().any(|known| known == slug);
    let part = part.map(|part| format!("#{part}")).unwrap_or_default();
    known.then(|| format!("{}{part}", address(slug)))
}

/// Gives each heading the name that links use, and returns the text of the first.
fn name_headings(events: &mut [Event<'_>]) -> Option<String> {
    let mut first = None;
    let mut used = std::collections::HashMap::<String, usize>::new();
    for index in 0..events.len() {
        if !matches!(events[index], Event::Start(Tag::Heading { .. })) {
            continue;
        }
        let words = heading_text(&events[index + 1..]);
        let base = anchor(&words);
        let before = used.entry(base.clone()).or_default();
        let unique = if *before == 0 { base } else { format!("{base}-{before}") };
        *before += 1;
        if let Event::Start(Tag::Heading { id, .. }) = &mut events[index] {
            *id = Some(CowStr::from(unique));
        }
        first = first.or(Some(words));
    }
    first
}

fn heading_text(events: &[Event<'_>]) -> String {
    let inside = events.iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
    let words = inside.filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
        _ => None,
    });
    words.collect()
}

/// The name of a heading as code hosts make it: lower case, spaces as hyphens, no punctuation.
fn anchor(words: &str) -> String {
    let letters = words.chars().flat_map(char::to_lowercase).filter_map(|c| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
        _ => None,
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slugs() -> Vec<String> {
        ["README", "01-start", "02-devices"].map(str::to_owned).into()
    }

    #[test]
    fn links_between_chapters_lead_to_pages() {
        for (link, leads) in [
            ("02-devices.md", Some("/manual/02-devices")),
            ("./02-devices.md#types", Some("/manual/02-devices#types")),
            ("README.md", Some("/manual")),
            ("#here", Some("#here")),
            (
                "https://www.rfc-editor.org/rfc/rfc9457",
                Some("https://www.rfc-editor.org/rfc/rfc9457"),
            ),
            ("/api/openapi.json", Some("/api/openapi.json")),
            ("../../SECURITY.md", None),
            ("99-missing.md", None),
            ("//evil.example/x.md", None),
            ("javascript:alert(1)", None),
        ] {
            assert_eq!(target(link, &slugs()).as_deref(), leads, "{link}");
        }
    }

    #[test]
    fn raw_html_is_dropped_and_text_is_escaped() {
        let text =
            "# A <b>bold</b> title\n\n<script>alert(1)</script>\n\na & b `<c>` [out](../x.md)\n";
        let page = rendered("x", text, &slugs());
        assert_eq!(page.title, "A bold title");
        assert!(!page.body.contains("<script") && !page.body.contains("<b>"), "{}", page.body);
        assert!(page.body.contains("a &amp; b <code>&lt;c&gt;</code> out"), "{}", page.body);
    }

    #[test]
    fn tables_and_headings_come_through() {
        let page = rendered(
            "x",
            "# Ports\n\n## What `TLS` is\n\n## What TLS is\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
            &slugs(),
        );
        assert!(
            page.body.contains("<h1 id=\"ports\">")
                && page.body.contains("<h2 id=\"what-tls-is\">")
        );
        assert!(
            page.body.contains("<h2 id=\"what-tls-is-1\">") && page.body.contains("<td>2</td>")
        );
    }

    #[test]
    fn every_link_inside_the_manual_leads_to_a_chapter_and_a_heading() {
        assert!(MANUAL.len() > 5);
        assert_eq!(MANUAL[0].slug, INDEX);
        for chapter in MANUAL.iter() {
            for link in
                chapter.body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next())
            {
                let Some((page, part)) = link.split_once('#') else { continue };
                let page = if page.is_empty() { chapter.href() } else { page.to_owned() };
                let Some(there) = MANUAL.iter().find(|other| other.href() == page) else {
                    continue;
                };
                assert!(
                    there.body.contains(&format!("id=\"{part}\"")),
                    "{link} in {}",
                    chapter.slug
                );
            }
        }
    }
}
