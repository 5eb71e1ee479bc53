// SPDX-License-Identifier: Apache-2.0
#include "cli/seen_open.h"

#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/hash.h"

namespace birthmark::cli {
namespace {

constexpr std::size_t kFileMax = std::size_t{4} * 1024;

std::string file_name(const DeviceId& device, const std::string& port) {
  const auto digest = crypto::sha256(as_bytes(port));
  return to_hex(device.get()) + "." + to_hex(BytesView{digest.get()}.first(8)) + ".open";
}

}  // namespace

Result<Bytes> SeenOpen::read(BytesView text) const {
  BM_TRY(const auto value, json::read(text));
  const auto* const object = value.if_object();
  const auto* const port = object != nullptr ? object->if_contains("debug") : nullptr;
  const auto* const said = object != nullptr ? object->if_contains("said") : nullptr;
  if (port == nullptr || !port->is_string() || port->as_string() != port_ || said == nullptr || !said->is_string()) {
    return fail(Code::bad_json, "members debug and said");
  }
  return base64::decode(std::string_view{said->as_string()}, kFileMax);
}

Result<SeenOpen> SeenOpen::of(Files& files, const std::filesystem::path& directory, const DeviceId& device,
                              const link::Endpoint& at) {
  auto port = link::to_text(at);
  BM_TRY(auto file, KeptFile::of(files, directory / file_name(device, port), kFileMax));
  SeenOpen seen{std::move(file), std::move(port)};
  if (const auto& text = seen.file_.content()) {
    auto said = seen.read(*text);
    if (!said) {
      return fail(seen.file_.damaged("does not say where a debug port was open"));
    }
    seen.said_ = std::move(*said);
  }
  return seen;
}

Result<void> SeenOpen::keep(BytesView said) {
  const auto text = json::write(boost::json::object{{"debug", port_}, {"said", base64::encode(said)}});
  BM_CHECK(file_.keep(as_bytes(text)));
  said_ = to_bytes(said);
  return {};
}

Result<void> SeenOpen::forget() {
  said_.reset();
  return file_.forget();
}

}  // namespace birthmark::cli
