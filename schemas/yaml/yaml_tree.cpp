#include "schemas/yaml/yaml_tree.h"

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "schemas/text/bounds.h"

namespace vscale {
namespace {

// Ends the reading of a file whose mistake was reported already; never leaves this file.
struct Stop {};

std::string_view rest_of_line(const std::string& text, std::size_t offset) {
  if (offset >= text.size()) return {};
  std::string_view rest = std::string_view(text).substr(offset);
  rest = rest.substr(0, rest.find('\n'));
  while (!rest.empty() && (rest.back() == '\r' || rest.back() == ' ')) rest.remove_suffix(1);
  return rest;
}

// How much of the line a scalar covers that begins there.
std::size_t written_length(std::string_view rest, const std::string& value, bool is_quoted) {
  if (rest.empty()) return 1;
  const char first = rest.front();
  if (is_quoted && (first == '"' || first == '\'')) {
    for (std::size_t i = 1; i < rest.size(); ++i) {
      if (first == '"' && rest[i] == '\\') {
        ++i;
      } else if (rest[i] == first) {
        return i + 1;
      }
    }
    return rest.size();
  }
  if (is_quoted) return 1;  // | or >
  const std::string_view first_line = std::string_view(value).substr(0, value.find('\n'));
  return std::clamp<std::size_t>(first_line.size(), 1, rest.size());
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(int file, Reporter& reporter) : file_(file), reporter_(reporter), text_(reporter.file(file).text()) {}

  [[nodiscard]] NodePtr root() const { return root_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ < 2) return;
    reporter_.error(place(mark), {.code = "several_documents",
                                  .summary = "the file holds more than one YAML document",
                                  .label = "a second document begins here",
                                  .hint = "write each document into a file of its own and give each with -f"});
    throw Stop{};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.place = place(mark);
    // Nothing is marked where the next thing begins, lines below; its key is where somebody would look.
    const bool is_value =
        !frames_.empty() && frames_.back().node.kind == Node::Kind::map && !frames_.back().key_is_next;
    if (is_value && frames_.back().key_place.line != node.place.line) node.place = frames_.back().key_place;
    add(std::move(node), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node;
    node.kind = Node::Kind::scalar;
    node.text = value;
    node.quoted = tag == "!";
    node.place = place(mark);
    skip_anchor(node.place);
    const std::string_view rest = rest_of_line(text_, node.place.offset);
    if (is_tag(tag)) {
      report_tag(node.place, rest);
      node.kind = Node::Kind::bad;
    } else {
      node.place.length = static_cast<int>(written_length(rest, value, node.quoted));
      check_closed(node);
      check_characters(node);
    }
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    Place where = place(mark);
    where.length = static_cast<int>(rest_of_line(text_, where.offset).find_first_of(" ,]}:") + 1);
    if (where.length <= 0) where.length = static_cast<int>(rest_of_line(text_, where.offset).size());
    if (known == anchors_.end()) {
      reporter_.error(where, {.code = "cyclic_alias",
                              .summary = "an alias stands within the value that it names",
                              .label = "this would go on forever",
                              .hint = "write the value out"});
      add_finished(bad_node(where), where);
      return;
    }
    add_finished(known->second, where);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(Node::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(Node::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    YAML::anchor_t anchor = 0;
    bool tagged = false;
    bool key_is_next = true;  // map
    bool key_is_bad = false;  // map: the value of a key that was refused is dropped
    std::string key;
    Place key_place;
    std::map<std::string, Place> keys;
  };

  static bool is_tag(const std::string& tag) { return !tag.empty() && tag != "?" && tag != "!"; }

  Place place(const YAML::Mark& mark) const {
    return {.file = file_,
            .line = mark.line + 1,
            .column = mark.column + 1,
            .length = 1,
            .offset = static_cast<std::size_t>(std::max(0, mark.pos))};
  }

  // A value with an anchor is marked at the anchor.
  void skip_anchor(Place& where) const {
    const std::string_view rest = rest_of_line(text_, where.offset);
    if (!rest.starts_with('&')) return;
    const std::size_t space = rest.find(' ');
    const std::size_t value = space == std::string_view::npos ? space : rest.find_first_not_of(' ', space);
    if (value == std::string_view::npos) return;
    where.offset += value;
    where.column += static_cast<int>(value);
  }

  void report_tag(Place where, std::string_view rest) {
    const std::size_t end = rest.find_first_of(" ,]}");
    const std::string tag(rest.substr(0, end));
    where.length = std::max(1, static_cast<int>(tag.size()));
    reporter_.error(where, {.code = "tag",
                            .summary = fmt::format("{} reads as a YAML tag, and tags are not used here", quote(tag)),
                            .label = "a text that begins with ! needs quotes",
                            .hint = fmt::format("write \"{}\"", tag)});
  }

  // yaml-cpp takes the end of the file for the closing quote.
  void check_closed(const Node& node) {
    const char quote_sign = node.quoted && node.place.offset < text_.size() ? text_[node.place.offset] : ' ';
    if (quote_sign != '"' && quote_sign != '\'') return;
    for (std::size_t i = node.place.offset + 1; i < text_.size(); ++i) {
      if (text_[i] == '\\' && quote_sign == '"') {
        ++i;
      } else if (text_[i] == quote_sign) {
        return;  // 'it''s' ends later, but it ends
      }
    }
    reporter_.error(node.place, {.code = "syntax",
                                 .summary = "a text in quotes is not closed",
                                 .label = "it begins here",
                                 .hint = "a closing quote is missing"});
    throw Stop{};
  }

  void check_characters(Node& node) {
    const std::size_t at = find_control_character(node.text);
    if (at == std::string::npos && find_invalid_utf8(node.text) == std::string::npos) return;
    reporter_.error(node.place, {.code = "control_character",
                                 .summary = fmt::format("{} holds a control character", quote(node.text)),
                                 .label = "only tabs and newlines are allowed",
                                 .hint = "remove the escape from the text"});
    node.kind = Node::Kind::bad;
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    Frame frame;
    frame.node.kind = kind;
    frame.node.place = place(mark);
    frame.anchor = anchor;
    frame.tagged = is_tag(tag);
    if (frame.tagged) report_tag(frame.node.place, rest_of_line(text_, frame.node.place.offset));
    if (frames_.size() >= kMaxNesting) stop_too_deep(frame.node.place);
    frames_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (frame.tagged) frame.node.kind = Node::Kind::bad;
    add(std::move(frame.node), frame.anchor);
  }

  void add(Node node, YAML::anchor_t anchor) {
    const Place where = node.place;
    const NodePtr finished = std::make_shared<const Node>(std::move(node));
    if (anchor != 0) anchors_[anchor] = finished;
    add_finished(finished, where);
  }

  void add_finished(const NodePtr& node, const Place& where) {
    if (frames_.empty()) {
      root_ = node;
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == Node::Kind::map && frame.key_is_next) {
      take_key(frame, *node, where);
      return;
    }
    count(frame, *node, where);
    if (frame.node.kind == Node::Kind::list) {
      frame.node.items.push_back(node);
      return;
    }
    frame.key_is_next = true;
    if (!frame.key_is_bad) frame.node.entries.push_back({std::move(frame.key), frame.key_place, node});
  }

  void take_key(Frame& frame, const Node& key, const Place& where) {
    frame.key_is_next = false;
    frame.key_place = where;
    frame.key_place.length = key.place.length;
    frame.key = key.text;
    frame.key_is_bad = !key_is_fine(frame, key);
  }

  bool key_is_fine(Frame& frame, const Node& key) {
    if (key.kind == Node::Kind::bad) return false;
    if (key.kind != Node::Kind::scalar) {
      reporter_.error(frame.key_place, {.code = "wrong_key",
                                        .summary = "a key is not a text",
                                        .label = "expected a word",
                                        .hint = "a text with { or [ in it needs quotes"});
      return false;
    }
    if (key.text == "<<" && !key.quoted) {
      reporter_.error(frame.key_place, {.code = "merge_key",
                                        .summary = "YAML merge keys (<<) are not used here",
                                        .label = "not allowed",
                                        .hint = "what all have in common goes under `defaults:`"});
      return false;
    }
    const auto [first, is_new] = frame.keys.emplace(key.text, frame.key_place);
    if (is_new) return true;
    reporter_.error(frame.key_place,
                    {.code = "duplicate_key",
                     .summary = fmt::format("the key {} is written twice", quote(key.text)),
                     .label = "second time",
                     .hint = fmt::format("it is in line {} already; keep one of them", first->second.line),
                     .also = {first->second}});
    return false;
  }

  // Aliases make much out of little: all that they stand for is counted.
  void count(Frame& frame, const Node& child, const Place& where) {
    frame.node.nodes += child.nodes;
    frame.node.height = std::max(frame.node.height, child.height + 1);
    if (frame.node.height + frames_.size() - 1 > kMaxNesting) stop_too_deep(where);
    if (frame.node.nodes <= kMaxNodes) return;
    reporter_.error(where, {.code = "too_large",
                            .summary = "the file stands for too many values, aliases counted",
                            .label = fmt::format("allowed: {} values", kMaxNodes),
                            .hint = "use fewer aliases within aliases"});
    throw Stop{};
  }

  [[noreturn]] void stop_too_deep(const Place& where) {
    reporter_.error(where, {.code = "too_deep",
                            .summary = "lists and maps are nested too deeply",
                            .label = fmt::format("allowed: {} levels", kMaxNesting),
                            .hint = "look for brackets that are never closed; no key needs so many"});
    throw Stop{};
  }

  int file_;
  Reporter& reporter_;
  const std::string& text_;
  int documents_ = 0;
  NodePtr root_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, NodePtr> anchors_;
};

// What yaml-cpp's messages mean to somebody who writes a file.
struct SyntaxWords {
  const char* theirs;
  const char* summary;
  const char* hint;
};

const SyntaxWords kSyntaxWords[] = {
    {YAML::ErrorMsg::END_OF_MAP, "a line does not fit the map that it stands in",
     "keys of one map begin in the same column, and each is followed by a colon and a space"},
    {YAML::ErrorMsg::END_OF_MAP_FLOW, "a map in { } is not closed",
     "a comma or } is missing, here or some lines above"},
    {YAML::ErrorMsg::END_OF_SEQ, "a line does not fit the list that it stands in",
     "items of one list begin with - in the same column"},
    {YAML::ErrorMsg::END_OF_SEQ_FLOW, "a list in [ ] is not closed",
     "a comma or ] is missing, here or some lines above"},
    {YAML::ErrorMsg::FLOW_END, "a closing bracket has no opening one", "remove it, or put the text into quotes"},
    {YAML::ErrorMsg::BLOCK_ENTRY, "a list item (-) cannot stand here", "begin the list in a line of its own"},
    {YAML::ErrorMsg::MAP_KEY, "a key cannot stand here", "begin the map in a line of its own"},
    {YAML::ErrorMsg::MAP_VALUE, "a colon cannot stand here",
     "keys of one map begin in the same column; a text with a colon and a space in it needs quotes"},
    {YAML::ErrorMsg::TAB_IN_INDENTATION, "a tab is used for indentation", "YAML takes spaces only"},
    {YAML::ErrorMsg::EOF_IN_SCALAR, "a text in quotes is not closed", "a closing quote is missing"},
    {YAML::ErrorMsg::DOC_IN_SCALAR, "a text in quotes is not closed", "a closing quote is missing"},
    {YAML::ErrorMsg::CHAR_IN_SCALAR, "a character cannot stand here", "put the text into quotes"},
    {YAML::ErrorMsg::INVALID_ESCAPE, "an escape with \\ is not known",
     "use 'single quotes' for a text with backslashes"},
    {YAML::ErrorMsg::INVALID_HEX, "an escape with \\x or \\u needs hexadecimal digits",
     "use 'single quotes' for a text with backslashes"},
    {YAML::ErrorMsg::INVALID_UNICODE, "an escape with \\u names no character",
     "use 'single quotes' for a text with backslashes"},
    {YAML::ErrorMsg::UNKNOWN_TOKEN, "a text cannot begin with this character", "put the text into quotes"},
    {YAML::ErrorMsg::UNKNOWN_ANCHOR, "an alias names nothing that stands before it",
     "put a text that begins with * into quotes; an alias needs its & earlier in the file"},
    {YAML::ErrorMsg::ALIAS_NOT_FOUND, "a * needs a name after it", "put a text that begins with * into quotes"},
    {YAML::ErrorMsg::CHAR_IN_ALIAS, "an alias holds a character that it may not",
     "put a text that begins with * into quotes"},
    {YAML::ErrorMsg::ANCHOR_NOT_FOUND, "an & needs a name after it", "put a text that begins with & into quotes"},
    {YAML::ErrorMsg::CHAR_IN_ANCHOR, "an anchor holds a character that it may not",
     "put a text that begins with & into quotes"},
    {YAML::ErrorMsg::ALIAS_CONTENT, "an alias cannot have a value of its own", "write the value out"},
    {YAML::ErrorMsg::CHAR_IN_BLOCK, "something stands behind | or >", "the text begins in the next line"},
};

SyntaxWords words_for(const std::string& theirs) {
  for (const SyntaxWords& words : kSyntaxWords) {
    if (theirs.starts_with(words.theirs)) return words;
  }
  return {"", "this is not YAML", "look at the line above it as well"};
}

// The offset of a `${` in this line that stands outside of quotes, or npos: inside [ ] or { } YAML takes its { as the
// beginning of a map, which is nearly always why such a line cannot be read.
std::size_t find_unquoted_placeholder(std::string_view line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
      if (c == '\\' && quote == '"') ++i;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#' && i > 0 && line[i - 1] == ' ') {
      return std::string_view::npos;
    } else if (c == '$' && i + 1 < line.size() && line[i + 1] == '{') {
      return i;
    }
  }
  return std::string_view::npos;
}

// Whether a bracket that a line of the same section opened is still open before this column.
bool is_in_brackets(const SourceText& source, int line, std::size_t column) {
  const auto begins_section = [](std::string_view text) {
    return text.find_first_of(" \t#[]{}") != 0 && !text.empty();
  };
  int at = line;
  while (at > 1 && !begins_section(source.line(at))) --at;
  int open = 0;
  for (; at <= line; ++at) {
    for (const char c : source.line(at).substr(0, at == line ? column : std::string_view::npos)) {
      if (c == '[' || c == '{') ++open;
      if ((c == ']' || c == '}') && open > 0) --open;
    }
  }
  return open > 0;
}

constexpr int kLinesLookedBack = 5;  // a map in { } may be closed some lines below the text that broke it

bool report_unquoted_placeholder(int file, int line, Reporter& reporter) {
  for (int back = 0; back <= kLinesLookedBack && line - back >= 1; ++back) {
    const std::string_view text = reporter.file(file).line(line - back);
    const std::size_t at = find_unquoted_placeholder(text);
    if (at == std::string_view::npos || !is_in_brackets(reporter.file(file), line - back, at)) continue;
    const std::size_t end = text.find('}', at);
    const std::string placeholder(text.substr(at, end == text.npos ? text.npos : end - at + 1));
    const Place where{.file = file,
                      .line = line - back,
                      .column = static_cast<int>(at) + 1,
                      .length = static_cast<int>(placeholder.size()),
                      .offset = 0};
    reporter.error(where, {.code = "unquoted_placeholder",
                           .summary = fmt::format("{} needs quotes here", quote(placeholder)),
                           .label = "inside [ ] and { } YAML takes its { as the beginning of a map",
                           .hint = fmt::format("write \"{}\"", placeholder)});
    return true;
  }
  return false;
}

// Where the text in quotes begins that ends just before `offset`, on the same line; npos if none does. A quote that was
// forgotten is closed by the next one, which was to open another text: what stands behind that is where YAML gives up.
std::size_t find_quoted_text_before(std::string_view text, std::size_t offset) {
  const std::size_t end = text.substr(0, offset).find_last_not_of(" \t");
  if (end == std::string_view::npos || end == 0 || (text[end] != '"' && text[end] != '\''))
    return std::string_view::npos;
  const char escape = text[end] == '"' ? '\\' : '\'';
  std::size_t begin = text.rfind(text[end], end - 1);
  while (begin != std::string_view::npos && begin > 0 && text[begin - 1] == escape) {
    begin = begin == 1 ? std::string_view::npos : text.rfind(text[end], begin - 2);
  }
  return begin;
}

bool report_text_behind_quote(Place where, Reporter& reporter) {
  const SourceText& source = reporter.file(where.file);
  const std::size_t begin = find_quoted_text_before(source.text(), where.offset);
  if (begin == std::string_view::npos) return false;
  Place opened = source.at(begin);
  opened.file = where.file;
  Finding finding{.code = "syntax",
                  .summary = "something stands behind a text in quotes",
                  .label = "",
                  .hint = "put all of it into the quotes; in [ ] and { } a comma may be missing"};
  if (opened.line != where.line) {
    finding.hint = fmt::format("is the quote of line {} not closed there?", opened.line);
    finding.also = {opened};
  }
  reporter.error(where, std::move(finding));
  return true;
}

void report_syntax(int file, const YAML::Exception& exception, Reporter& reporter) {
  const SourceText& source = reporter.file(file);
  Place where = source.at(exception.mark.pos < 0 ? 0 : static_cast<std::size_t>(exception.mark.pos));
  where.file = file;
  if (report_unquoted_placeholder(file, where.line, reporter)) return;
  const std::string_view line = source.line(where.line);
  const std::string_view indentation = line.substr(0, line.find_first_not_of(" \t"));
  if (const std::size_t tab = indentation.find('\t'); tab != std::string_view::npos) {
    where.column = static_cast<int>(tab) + 1;
    reporter.error(
        where,
        {.code = "syntax", .summary = "a tab is used for indentation", .label = "", .hint = "YAML takes spaces only"});
    return;
  }
  if (report_text_behind_quote(where, reporter)) return;
  const SyntaxWords words = words_for(exception.msg);
  reporter.error(where, {.code = "syntax", .summary = words.summary, .label = "", .hint = words.hint});
}

bool text_can_be_read(int file, Reporter& reporter) {
  const SourceText& source = reporter.file(file);
  const auto at = [&](std::size_t offset) {
    Place where = source.at(offset);
    where.file = file;
    return where;
  };
  if (source.text().size() > kMaxFileBytes) {
    reporter.error(at(0), {.code = "too_large",
                           .summary = fmt::format("the file has {} bytes", source.text().size()),
                           .label = fmt::format("allowed: {} bytes", kMaxFileBytes),
                           .hint = "split it into several files and give each with -f"});
    return false;
  }
  if (const std::size_t offset = find_invalid_utf8(source.text()); offset != std::string::npos) {
    reporter.error(at(offset), {.code = "invalid_utf8",
                                .summary = fmt::format("byte 0x{:02x} is not UTF-8 text",
                                                       static_cast<unsigned char>(source.text()[offset])),
                                .label = "expected UTF-8",
                                .hint = "save the file as UTF-8"});
    return false;
  }
  if (const std::size_t offset = find_control_character(source.text()); offset != std::string::npos) {
    reporter.error(at(offset), {.code = "control_character",
                                .summary = fmt::format("the control character 0x{:02x} stands in the file",
                                                       static_cast<unsigned char>(source.text()[offset])),
                                .label = "only tabs and newlines are allowed",
                                .hint = "remove it"});
    return false;
  }
  return true;
}

}  // namespace

const Entry* Node::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

NodePtr empty_map(const Place& where) {
  Node node;
  node.kind = Node::Kind::map;
  node.place = where;
  return std::make_shared<const Node>(std::move(node));
}

NodePtr bad_node(const Place& where) {
  Node node;
  node.kind = Node::Kind::bad;
  node.place = where;
  return std::make_shared<const Node>(std::move(node));
}

NodePtr parse_yaml(int file, Reporter& reporter) {
  if (!text_can_be_read(file, reporter)) return nullptr;
  TreeBuilder builder(file, reporter);
  try {
    std::istringstream in(reporter.file(file).text());
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return nullptr;
  } catch (const YAML::Exception& exception) {
    report_syntax(file, exception, reporter);
    return nullptr;
  }
  const bool empty = !builder.root() || builder.root()->kind == Node::Kind::null;
  if (!empty) return builder.root();
  Place where{.file = file, .line = 1, .column = 1, .length = 1, .offset = 0};
  reporter.error(where, {.code = "empty_file",
                         .summary = "the file holds nothing",
                         .label = "",
                         .hint = "begin with a copy of a file from examples/"});
  return nullptr;
}

}  // namespace vscale
