#pragma once

#include <string>

#include "cmd/views/text/text_layout.h"
#include "engine/values/result.h"

namespace vscale {

/// An error as a person reads it, `indent` columns in, at most kTextWidth wide:
///
///     error: kvm2: no answer within 10s
///       [Cannot recv data: Connection reset by peer]
///       hint: is the host up? try: virsh -c qemu+ssh://root@kvm2/system list
std::string error_text(const Error& error, const Paint& paint, int indent);

}  // namespace vscale
