#include "providers/libvirt/storage/storage_xml.h"

#include <fmt/format.h>

#include <pugixml.hpp>
#include <string_view>

#include "providers/libvirt/xml_text.h"

namespace vscale::libvirt {
namespace {

bool is_file_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
         !has_control_character(name);
}

}  // namespace

Result<std::string> write_dir_pool_xml(const std::string& name, const std::string& path) {
  if (has_control_character(name) || has_control_character(path)) {
    return Error{ErrorKind::invalid,
                 fmt::format("pool {:?}: its name or path {:?} holds a control character", std::string_view(name),
                             std::string_view(path)),
                 "", "choose another"};
  }
  pugi::xml_document document;
  pugi::xml_node pool = document.append_child("pool");
  pool.append_attribute("type").set_value("dir");
  child_with_text(pool, "name", name);
  child_with_text(pool.append_child("target"), "path", path);
  return text_of(document);
}

Result<PoolReading> read_pool_xml(const std::string& xml) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(xml.data(), xml.size());
  const pugi::xml_node pool = document.child("pool");
  if (!parsed || !pool) {
    return Error{ErrorKind::invalid, "the host described a pool by what is not a pool's XML", parsed.description(), ""};
  }
  return PoolReading{.type = pool.attribute("type").value(), .path = pool.child("target").child_value("path")};
}

Result<std::string> write_volume_xml(const VolumeText& volume) {
  if (!is_file_name(volume.name) || has_control_character(volume.backing_path)) {
    return Error{
        ErrorKind::invalid,
        fmt::format("{:?} cannot be the name of a volume: it must be a plain file name", std::string_view(volume.name)),
        "", "choose another"};
  }
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("volume");
  root.append_attribute("type").set_value("file");
  child_with_text(root, "name", volume.name);
  child_with_text(root, "capacity", std::to_string(volume.capacity_bytes)).append_attribute("unit").set_value("bytes");
  child_with_text(root, "allocation", "0");
  root.append_child("target").append_child("format").append_attribute("type").set_value(volume.format.c_str());
  if (!volume.backing_path.empty()) {
    pugi::xml_node backing = root.append_child("backingStore");
    child_with_text(backing, "path", volume.backing_path);
    backing.append_child("format").append_attribute("type").set_value(volume.backing_format.c_str());
  }
  return text_of(document);
}

}  // namespace vscale::libvirt
