#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/text/text_form.h"

/// The configuration language as a table: every key with its type, default and meaning. The reader checks files against
/// it; the JSON Schema and the reference are made from it. A new key is a row in table/, and a line where it is turned
/// into a value.

namespace vscale {

struct ObjectType;

/// What a value may be.
struct Type {
  enum class Kind {
    text,
    boolean,
    integer,
    number,
    duration,
    size,
    percent,        ///< `50%`
    amount,         ///< `3` or `50%`
    signed_amount,  ///< `3`, `-3`, `50%` or `-50%`
    choice,         ///< one of `words`
    list,           ///< of `of[0]`
    map,            ///< names of form `form` to `of[0]`
    object,         ///< the keys of `object`
    any_of          ///< one of `of`; at most one of them is a list, one a map or object
  };
  /// What `${…}` may stand for in a text.
  enum class Fill {
    plain,     ///< Variables that are no secrets: the text is shown and stored.
    facts,     ///< Also facts of the instance; stays unexpanded.
    instance,  ///< Also secrets and facts of the instance; stays unexpanded (a TemplateText).
    later      ///< As `instance`, but whether anything is filled in at all is not decided by the shape.
  };

  Kind kind = Kind::text;
  const TextForm* form = &forms::kAny;
  Fill fill = Fill::plain;
  std::int64_t min = 0, max = 0;  ///< integer
  double number_min = 0, number_max = 0;
  std::vector<std::string> words;
  std::vector<Type> of;
  const ObjectType* object = nullptr;
  std::size_t at_least = 0;  ///< list
};

struct Key {
  std::string name;
  Type type;
  std::string
      standard;     ///< The default as it would be written in YAML, or "" for none; words in ( ) if it is no literal.
  std::string doc;  ///< One sentence.
  bool required = false;
  std::string id = {};  ///< OBJECT.KEY, such as "template.firmware"; what the table of things not there yet names.
};

struct ObjectType {
  std::string name;   ///< "group"; the definition's name in the JSON Schema.
  std::string title;  ///< In messages: "a group".
  std::string doc;
  std::vector<Key> keys;
  std::vector<std::vector<std::string>> exactly_one = {};  ///< Of each set of keys one must be given, and only one.
  std::vector<std::vector<std::string>> at_most_one = {};

  [[nodiscard]] const Key* find(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> key_names() const;
};

/// The whole file.
const ObjectType& config_object();
/// Every object of the language once, the whole file first, each before those that it contains.
std::vector<const ObjectType*> all_objects();

/// What is expected, for a person: "a size", "true or false", "a list of names", "one of bios, uefi".
std::string describe(const Type& type);

/// A value that could stand there, to show how it is written: "30s", "[NAME]", "{ port: 1 }".
std::string example_of(const Type& type);

}  // namespace vscale
