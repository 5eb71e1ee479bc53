// SPDX-License-Identifier: Apache-2.0
#include "cli/seen_open.h"

#include "codec/base64.h"
#include "codec/json.h"

namespace birthmark::cli {
namespace {

constexpr std::size_t kFileMax = std::size_t{4} * 1024;

}  // namespace

Result<SeenOpen::Sight> SeenOpen::read(BytesView text) {
  BM_TRY(const auto value, json::read(text));
  const auto* const object = value.if_object();
  const auto* const port = object != nullptr ? object->if_contains("debug") : nullptr;
  const auto* const said = object != nullptr ? object->if_contains("said") : nullptr;
  if (port == nullptr || !port->is_string() || said == nullptr || !said->is_string()) {
    return fail(Code::bad_json, "members debug and said");
  }
  BM_TRY(auto bytes, base64::decode(std::string_view{said->as_string()}, kFileMax));
  return Sight{std::string{port->as_string()}, std::move(bytes)};
}

Result<SeenOpen> SeenOpen::of(Files& files, const std::filesystem::path& directory, const DeviceId& device) {
  BM_TRY(auto file, KeptFile::of(files, directory / (to_hex(device.get()) + ".open"), kFileMax));
  SeenOpen seen{std::move(file)};
  if (const auto& text = seen.file_.content()) {
    auto sight = read(*text);
    if (!sight) {
      return fail(seen.file_.damaged("does not say where a debug port was open"));
    }
    seen.sight_ = std::move(*sight);
  }
  return seen;
}

std::optional<Bytes> SeenOpen::at(const link::Endpoint& port) const {
  return sight_ && sight_->port == link::to_text(port) ? std::optional{sight_->said} : std::nullopt;
}

Result<void> SeenOpen::keep(const link::Endpoint& port, BytesView said) {
  Sight sight{link::to_text(port), to_bytes(said)};
  const auto text = json::write(boost::json::object{{"debug", sight.port}, {"said", base64::encode(sight.said)}});
  BM_CHECK(file_.keep(as_bytes(text)));
  sight_ = std::move(sight);
  return {};
}

Result<void> SeenOpen::forget() {
  sight_.reset();
  return file_.forget();
}

}  // namespace birthmark::cli
