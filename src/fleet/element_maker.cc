// SPDX-License-Identifier: Apache-2.0
#include "fleet/element_maker.h"

#include <cstdlib>

#include "agent/element/element_root.h"
#include "lifecycle/device_id.h"

namespace birthmark::fleet {

namespace element = agent::element;

namespace {

constexpr const char* kLibrary = "/usr/lib/softhsm/libsofthsm2.so";
constexpr const char* kToken = "element";
constexpr std::size_t kPinBytesMax = 64;

Secret random_pin(Entropy& entropy) {
  Octets<16> random{};
  entropy.fill(random);
  return Secret{to_bytes(as_bytes(to_hex(random)))};
}

/// An empty token store; what is there already stays.
Result<void> prepare(Files& files, Entropy& entropy, const SoftwareElement& made) {
  const auto tokens = made.directory / "tokens";
  BM_CHECK(files.make_directory(made.directory));
  BM_CHECK(files.make_directory(tokens));
  const auto text = "directories.tokendir = " + tokens.string() + "\nobjectstore.backend = file\nlog.level = ERROR\n";
  BM_CHECK(write_atomically(files, made.configuration(), as_bytes(text)));
  BM_TRY(const bool has_pin, files.exists(made.directory / "pin"));
  return has_pin ? Result<void>{} : write_atomically(files, made.directory / "pin", random_pin(entropy).reveal());
}

}  // namespace

Result<void> make_element(pkcs11::Session& token, const ComponentVendor& vendor, const std::string& chip_id,
                          Instant now) {
  BM_TRY(const auto key, token.generate(element::kAttestationKey));
  BM_TRY(const auto certificate, vendor.certify_issuing_key(key, "element", chip_id, now));
  BM_CHECK(token.write_object(element::kAttestationObject, certificate));
  BM_CHECK(token.write_object(element::kVendorObject, vendor.root_certificate()));
  return token.write_object(element::kChipObject, as_bytes(chip_id));
}

std::string SoftwareElement::root() const {
  return std::string{"pkcs11:token="} + kToken + "?module-path=" + kLibrary +
         "&pin-source=" + (directory / "pin").string();
}

Result<SoftwareElement> software_element(Files& files, Entropy& entropy, const std::filesystem::path& directory,
                                         const ComponentVendor& vendor, const std::string& chip_id, Instant now) {
  SoftwareElement made{directory, {}};
  BM_CHECK(prepare(files, entropy, made));
  BM_TRY(auto pin_text, files.read(directory / "pin", kPinBytesMax));
  const Secret pin{std::move(pin_text)};
  ::setenv("SOFTHSM2_CONF", made.configuration().c_str(), 1);
  BM_TRY(const auto module, pkcs11::Module::load(kLibrary));
  if (!module->token(kToken)) {
    BM_CHECK(module->init_token(kToken, random_pin(entropy), pin));
  }
  BM_TRY(auto session, pkcs11::Session::open(module, kToken, pin));
  const auto chip = session->read_object(element::kChipObject);  // written last
  if (!chip && chip.error().code != Code::not_found) {
    return fail(chip.error());
  }
  if (!chip) {
    BM_CHECK(session->destroy(element::kAttestationKey));
    BM_CHECK(make_element(*session, vendor, chip_id, now));
  }
  BM_TRY(const auto root, agent::ElementRoot::open(std::move(session)));
  BM_TRY(const auto identity, root->public_identity());
  made.device = lifecycle::device_id(lifecycle::RootKind::se, identity);
  return made;
}

}  // namespace birthmark::fleet
