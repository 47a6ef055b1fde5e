#pragma once

#include <pugixml.hpp>
#include <string>

/// Texts as libvirt's XML has them. Pure. Internal to providers/libvirt.

namespace vscale::libvirt {

/// Appends `<name>text</name>` to `parent`.
pugi::xml_node child_with_text(pugi::xml_node parent, const char* name, const std::string& text);

/// The document, indented, without a declaration: as libvirt shows what it was given.
std::string text_of(const pugi::xml_document& document);

/// True if there is a control character in `text`: what XML, names and paths cannot hold.
bool has_control_character(const std::string& text);

}  // namespace vscale::libvirt
