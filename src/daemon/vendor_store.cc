// SPDX-License-Identifier: Apache-2.0
#include "daemon/vendor_store.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "codec/name.h"
#include "codec/pem.h"
#include "codec/x509.h"

namespace birthmark::daemon {
namespace {

constexpr std::size_t kFileMax = 256 * 1024;

/// Names of vendors whose keys anybody can have: ours of birthmark-fleet, and swtpm's local CA. Whatever a row says of
/// its class, they are not genuine (AC-03).
constexpr std::array<std::string_view, 2> kTestVendors{"birthmark simulated", "swtpm-localca"};

bool names_a_test_vendor(BytesView certificate) {
  const auto read = x509::Certificate::read_anchor(certificate);
  const auto name = read ? x509::read_name(read->subject()) : Result<std::vector<x509::NameAttribute>>{};
  return name && std::ranges::any_of(*name, [](const x509::NameAttribute& attribute) {
           return std::ranges::any_of(kTestVendors, [&](std::string_view vendor) {
             return as_text(attribute.value).find(vendor) != std::string_view::npos;
           });
         });
}

/// One [[table]] of vendors.toml whose values are texts; a row takes the keys that it knows and no others.
class Row {
 public:
  static Result<Row> of(const toml::node& node, std::initializer_list<std::string_view> known) {
    const auto* const table = node.as_table();
    if (table == nullptr) {
      return fail(Code::bad_request, "vendors.toml: a row is a table");
    }
    Row row;
    for (const auto& [key, value] : *table) {
      const auto text = value.value<std::string>();
      if (!text || std::ranges::find(known, key.str()) == known.end()) {
        return fail(Code::bad_request, "vendors.toml: unknown key or no text: " + std::string{key.str()});
      }
      row.texts_.emplace(key.str(), *text);
    }
    return row;
  }

  /// @error bad_request: it is missing
  [[nodiscard]] Result<std::string> text(std::string_view key) const {
    const auto at = texts_.find(key);
    return at == texts_.end() ? fail(Code::bad_request, "vendors.toml: a row lacks " + std::string{key})
                              : Result<std::string>{at->second};
  }
  [[nodiscard]] std::string text_or(std::string_view key, std::string otherwise) const {
    const auto at = texts_.find(key);
    return at == texts_.end() ? std::move(otherwise) : at->second;
  }
  /// One of two words; the first if it is missing. @error bad_request
  template <class T>
  [[nodiscard]] Result<T> one_of(std::string_view key, std::pair<std::string_view, T> first,
                                 std::pair<std::string_view, T> second) const {
    const auto word = text_or(key, std::string{first.first});
    if (word != first.first && word != second.first) {
      return fail(Code::bad_request, "vendors.toml: " + std::string{key} + " = \"" + word + "\"");
    }
    return word == first.first ? first.second : second.second;
  }

 private:
  std::map<std::string, std::string, std::less<>> texts_;
};

/// What the rows go into, and where their files lie.
struct Reading {
  Files& files;
  const std::filesystem::path& directory;
  policy::Environment environment;
  Instant now;
  attest::Trust trust = {};
  std::map<std::string, attest::ManifestSigner, std::less<>> signers = {};  ///< by the names of their rows

  /// A file beside vendors.toml, named by `key`.
  [[nodiscard]] Result<Bytes> file(const Row& row, std::string_view key = "file",
                                   std::size_t max_bytes = kFileMax) const {
    BM_TRY(const auto name, row.text(key));
    if (name.find('/') != std::string::npos) {
      return fail(Code::bad_request, "vendors.toml: files lie beside it: " + name);
    }
    return files.read(directory / name, max_bytes);
  }
};

/// What every row that names a maker says of him.
struct Maker {
  std::string vendor;
  attest::AnchorClass anchor_class = attest::AnchorClass::simulated;
};

/// @error test_anchor: simulated, in production (AC-03)
Result<Maker> maker_of(const Reading& to, const Row& row) {
  using enum attest::AnchorClass;
  Maker maker;
  BM_TRY(maker.vendor, row.text("vendor"));
  BM_TRY(maker.anchor_class, row.one_of<attest::AnchorClass>("class", {"simulated", simulated}, {"genuine", genuine}));
  if (maker.anchor_class == simulated && to.environment == policy::Environment::production) {
    return fail(Code::test_anchor, "vendors.toml pins the simulated vendor " + maker.vendor + " in production");
  }
  return maker;
}

/// The certificates of a row's PEM file, none of a test vendor that the row calls genuine (AC-03).
Result<std::vector<Bytes>> certificates_of(const Reading& to, const Row& row, const Maker& maker) {
  BM_TRY(const auto pem, to.file(row));
  BM_TRY(auto certificates, pem::read(as_text(pem), "CERTIFICATE", {}));
  for (const auto& der : certificates) {
    if (maker.anchor_class == attest::AnchorClass::genuine && names_a_test_vendor(der)) {
      return fail(Code::test_anchor, "vendors.toml calls the test vendor " + maker.vendor + " genuine");
    }
  }
  return certificates;
}

/// The only SubjectPublicKeyInfo of a row's PEM file.
Result<crypto::PublicKey> key_of(const Reading& to, const Row& row) {
  BM_TRY(const auto pem, to.file(row));
  BM_TRY(const auto blocks, pem::read(as_text(pem), "PUBLIC KEY", {}));
  if (blocks.size() != 1) {
    return fail(Code::bad_request, "vendors.toml: one public key in a file");
  }
  return crypto::PublicKey::from_spki(blocks.front());
}

/// Which kind of root a row is for; a TPM's if it does not say.
Result<lifecycle::RootKind> root_of(const Row& row) {
  const auto text = row.text_or("root", "tpm");
  const auto kind = lifecycle::root_kind_named(text);
  return kind && *kind != lifecycle::RootKind::software
             ? Result<lifecycle::RootKind>{*kind}
             : fail(Code::bad_request, "vendors.toml: root = \"" + text + "\"");
}

Result<void> pin(Reading& to, lifecycle::RootKind root, BytesView der, const Maker& maker, attest::AnchorKind kind) {
  switch (root) {
    case lifecycle::RootKind::tpm:
      return to.trust.tpm.add(der, maker.vendor, kind, maker.anchor_class);
    case lifecycle::RootKind::psa:
      return to.trust.token_issuers.add(der, maker.vendor, kind, maker.anchor_class);
    case lifecycle::RootKind::dice:
      return to.trust.dice.add_issuer(der, maker.vendor, maker.anchor_class);
    case lifecycle::RootKind::se:
      return to.trust.elements.add_root(der, maker.vendor, maker.anchor_class);
    case lifecycle::RootKind::software:
      break;
  }
  return fail(Code::bad_request, "vendors.toml: nobody vouches for software");
}

Result<void> read_anchor(Reading& to, const toml::node& node) {
  using enum attest::AnchorKind;
  BM_TRY(const auto row, Row::of(node, {"vendor", "file", "kind", "class", "root"}));
  BM_TRY(const auto maker, maker_of(to, row));
  BM_TRY(const auto kind, row.one_of<attest::AnchorKind>("kind", {"intermediate", intermediate}, {"root", root}));
  BM_TRY(const auto of, root_of(row));
  BM_TRY(const auto certificates, certificates_of(to, row, maker));
  for (const auto& der : certificates) {
    BM_CHECK(pin(to, of, der, maker, kind));
  }
  return {};
}

Result<void> take_list(Reading& to, lifecycle::RootKind root, BytesView der) {
  switch (root) {
    case lifecycle::RootKind::tpm:
      return to.trust.tpm.add_crl(der);
    case lifecycle::RootKind::psa:
      return to.trust.token_issuers.add_crl(der);
    case lifecycle::RootKind::dice:
      return to.trust.dice.add_crl(der);
    case lifecycle::RootKind::se:
      return to.trust.elements.add_crl(der);
    case lifecycle::RootKind::software:
      break;
  }
  return fail(Code::bad_request, "vendors.toml: nobody vouches for software");
}

/// A CRL in PEM or DER; its issuer is pinned above.
Result<void> read_crl(Reading& to, const toml::node& node) {
  BM_TRY(const auto row, Row::of(node, {"file", "root"}));
  BM_TRY(const auto of, root_of(row));
  BM_TRY(auto bytes, to.file(row));
  std::vector<Bytes> lists{std::move(bytes)};
  if (as_text(lists.front()).starts_with("-----BEGIN ")) {
    BM_TRY(lists, pem::read(as_text(lists.front()), "X509 CRL", {}));
  }
  for (const auto& der : lists) {
    BM_CHECK(take_list(to, of, der));
  }
  return {};
}

/// The attestation key of one device with PSA tokens, as its maker delivered it.
Result<void> read_instance(Reading& to, const toml::node& node) {
  BM_TRY(const auto row, Row::of(node, {"vendor", "class", "id", "file"}));
  BM_TRY(auto maker, maker_of(to, row));
  BM_TRY(const auto hex, row.text("id"));
  BM_TRY(auto key, key_of(to, row));
  const auto id = from_hex(hex);
  return id ? to.trust.token_instances.add(*id, {std::move(key), std::move(maker.vendor), maker.anchor_class})
            : Result<void>{fail(Code::bad_request, "vendors.toml: id is hex")};
}

/// A device key of a DICE, by itself.
Result<void> read_device_key(Reading& to, const toml::node& node) {
  BM_TRY(const auto row, Row::of(node, {"vendor", "class", "file"}));
  BM_TRY(auto maker, maker_of(to, row));
  BM_TRY(const auto key, key_of(to, row));
  to.trust.dice.allow_device(key.spki_sha256(), std::move(maker.vendor), maker.anchor_class);
  return {};
}

/// Whose signature over lists of components is believed.
Result<void> read_manifest_signer(Reading& to, const toml::node& node) {
  BM_TRY(const auto row, Row::of(node, {"name", "vendor", "class", "file"}));
  BM_TRY(auto maker, maker_of(to, row));
  BM_TRY(auto name, row.text("name"));
  BM_TRY(const auto certificates, certificates_of(to, row, maker));
  if (certificates.size() != 1) {
    return fail(Code::bad_request, "vendors.toml: one certificate of a manifest signer");
  }
  BM_TRY(auto signer, attest::ManifestSigner::pin(certificates.front(), std::move(maker.vendor), maker.anchor_class));
  return to.signers.emplace(std::move(name), std::move(signer)).second
             ? Result<void>{}
             : fail(Code::bad_request, "vendors.toml: two manifest signers of one name");
}

/// A supplier's signed list: of chips in Microchip's form, or of any components in ours.
Result<void> read_manifest(Reading& to, const toml::node& node) {
  enum class Form : std::uint8_t { list, chips };
  BM_TRY(const auto row, Row::of(node, {"file", "signer", "form"}));
  BM_TRY(const auto form, row.one_of<Form>("form", {"list", Form::list}, {"chips", Form::chips}));
  BM_TRY(const auto by, row.text("signer"));
  const auto signer = to.signers.find(by);
  if (signer == to.signers.end()) {
    return fail(Code::bad_request, "vendors.toml: no manifest signer \"" + by + "\"");
  }
  BM_TRY(const auto text, to.file(row, "file", attest::kManifestMaxBytes));
  BM_TRY(auto manifest, form == Form::chips ? attest::read_chip_manifest(as_text(text), signer->second, to.now)
                                            : attest::read_component_list(as_text(text), signer->second, to.now));
  if (manifest.kind() == attest::ComponentKind::device_key) {
    for (const auto& component : manifest.components()) {
      if (const auto digest = octets<32>(component.id)) {
        to.trust.dice.allow_device(Digest{*digest}, manifest.supplier(), manifest.anchor_class());
      }
    }
  }
  return to.trust.manifests.add(std::make_shared<const attest::ComponentManifest>(std::move(manifest)));
}

/// A certificate or key by its SHA-256, or a chip model.
Result<void> read_denial(Reading& to, const toml::node& node) {
  BM_TRY(const auto row, Row::of(node, {"sha256", "manufacturer", "model", "version"}));
  const auto hex = row.text_or("sha256", {});
  if (!hex.empty()) {
    const auto bytes = from_hex(hex);
    const auto digest = bytes ? octets<32>(*bytes) : std::nullopt;
    if (!digest) {
      return fail(Code::bad_request, "vendors.toml: sha256 is 64 hex digits");
    }
    to.trust.tpm.deny(Digest{*digest});
    to.trust.token_instances.deny(Digest{*digest});
    to.trust.token_issuers.deny(Digest{*digest});
    to.trust.dice.deny(Digest{*digest});
    to.trust.elements.deny(Digest{*digest});
    return {};
  }
  BM_TRY(auto manufacturer, row.text("manufacturer"));
  BM_TRY(auto model, row.text("model"));
  to.trust.tpm.deny_model(std::move(manufacturer), std::move(model), row.text_or("version", {}));
  return {};
}

/// Which of a chip's endorsement keys is its identity, where that is not P-256.
Result<void> read_key_type(Reading& to, const toml::node& node) {
  struct Named {
    std::string_view name;
    crypto::KeyType type;
  };
  constexpr std::array kTypes{Named{"p256", crypto::KeyType::p256}, Named{"p384", crypto::KeyType::p384},
                              Named{"rsa2048", crypto::KeyType::rsa}};
  BM_TRY(const auto row, Row::of(node, {"model", "key"}));
  BM_TRY(auto model, row.text("model"));
  BM_TRY(const auto key, row.text("key"));
  const auto* const type = std::ranges::find(kTypes, key, &Named::name);
  if (type == kTypes.end()) {
    return fail(Code::bad_request, "vendors.toml: key = \"" + key + "\"");
  }
  to.trust.tpm.fix_key_type(std::move(model), type->type);
  return {};
}

Result<void> read_rule(Reading& to, const toml::node& node) {
  using enum attest::CrlRule;
  BM_TRY(const auto row, Row::of(node, {"crl"}));
  BM_TRY(const auto rule,
         row.one_of<attest::CrlRule>("crl", {"listed_only", listed_only}, {"fresh_required", fresh_required}));
  to.trust.tpm.set_crl_rule(rule);
  to.trust.token_issuers.set_crl_rule(rule);
  to.trust.dice.set_crl_rule(rule);
  to.trust.elements.set_crl_rule(rule);
  return {};
}

struct Table {
  std::string_view name;
  Result<void> (*read)(Reading&, const toml::node&);
};
/// Anchors first: a CRL needs its issuer, a manifest its signer.
constexpr std::array kTables{Table{"anchor", read_anchor},
                             Table{"crl", read_crl},
                             Table{"deny", read_denial},
                             Table{"ek", read_key_type},
                             Table{"rule", read_rule},
                             Table{"instance", read_instance},
                             Table{"device_key", read_device_key},
                             Table{"manifest_signer", read_manifest_signer},
                             Table{"manifest", read_manifest}};

Result<toml::table> read_table(Files& files, const std::filesystem::path& path) {
  const auto bytes = files.read(path, kFileMax);
  if (!bytes) {
    return bytes.error().code == Code::not_found ? Result<toml::table>{toml::table{}} : fail(bytes.error());
  }
  try {
    return toml::table{toml::parse(as_text(*bytes))};
  } catch (const toml::parse_error& error) {
    return fail(Code::bad_request, "vendors.toml: " + std::string{error.description()});
  }
}

}  // namespace

Result<attest::Trust> read_vendors(Files& files, const std::filesystem::path& directory,
                                   policy::Environment environment, Instant now) {
  BM_TRY(const auto document, read_table(files, directory / "vendors.toml"));
  for (const auto& [key, value] : document) {
    if (!value.is_array() || std::ranges::find(kTables, key.str(), &Table::name) == kTables.end()) {
      return fail(Code::bad_request, "vendors.toml: unknown table [[" + std::string{key.str()} + "]]");
    }
  }
  Reading reading{files, directory, environment, now};
  for (const auto& table : kTables) {
    const auto* const rows = document[table.name].as_array();
    for (std::size_t i = 0; rows != nullptr && i < rows->size(); ++i) {
      BM_CHECK(table.read(reading, (*rows)[i]));
    }
  }
  return std::move(reading.trust);
}

}  // namespace birthmark::daemon
