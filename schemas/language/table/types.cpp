#include "schemas/language/table/types.h"

#include <deque>
#include <utility>

namespace vscale::table {
namespace {

Type of_kind(Type::Kind kind) {
  Type type;
  type.kind = kind;
  return type;
}

}  // namespace

Type text(const TextForm& form) {
  Type type;
  type.form = &form;
  return type;
}

Type filled_for_instance() {
  Type type;
  type.fill = Type::Fill::instance;
  return type;
}

Type filled_with_facts() {
  Type type;
  type.fill = Type::Fill::facts;
  return type;
}

Type boolean() {
  return of_kind(Type::Kind::boolean);
}
Type duration() {
  return of_kind(Type::Kind::duration);
}
Type size() {
  return of_kind(Type::Kind::size);
}
Type percent() {
  return of_kind(Type::Kind::percent);
}
Type amount() {
  return of_kind(Type::Kind::amount);
}
Type signed_amount() {
  return of_kind(Type::Kind::signed_amount);
}

Type integer(std::int64_t min, std::int64_t max) {
  Type type = of_kind(Type::Kind::integer);
  type.min = min;
  type.max = max;
  return type;
}

Type number(double min, double max) {
  Type type = of_kind(Type::Kind::number);
  type.number_min = min;
  type.number_max = max;
  return type;
}

Type choice(std::vector<std::string> words) {
  Type type = of_kind(Type::Kind::choice);
  type.words = std::move(words);
  return type;
}

Type list(Type element, std::size_t at_least) {
  Type type = of_kind(Type::Kind::list);
  type.of = {std::move(element)};
  type.at_least = at_least;
  return type;
}

Type map_of(const TextForm& names, Type element) {
  Type type = of_kind(Type::Kind::map);
  type.form = &names;
  type.of = {std::move(element)};
  return type;
}

Type any_of(std::vector<Type> types) {
  Type type = of_kind(Type::Kind::any_of);
  type.of = std::move(types);
  return type;
}

const ObjectType* define(ObjectType object) {
  static std::deque<ObjectType> all;
  for (Key& key : object.keys) {
    if (key.id.empty()) key.id = object.name + "." + key.name;
  }
  all.push_back(std::move(object));
  return &all.back();
}

Type object(const ObjectType* definition) {
  Type type = of_kind(Type::Kind::object);
  type.object = definition;
  return type;
}

Type object(ObjectType definition) {
  return object(define(std::move(definition)));
}

}  // namespace vscale::table
