// SPDX-License-Identifier: Apache-2.0
#include "daemon/vendor_store.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <map>

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
  attest::VendorTrust trust = {};

  /// A file beside vendors.toml.
  [[nodiscard]] Result<Bytes> file(const Row& row) const {
    BM_TRY(const auto name, row.text("file"));
    if (name.find('/') != std::string::npos) {
      return fail(Code::bad_request, "vendors.toml: files lie beside it: " + name);
    }
    return files.read(directory / name, kFileMax);
  }
};

Result<void> read_anchor(Reading& to, const toml::node& node) {
  using enum attest::AnchorKind;
  using enum attest::AnchorClass;
  BM_TRY(const auto row, Row::of(node, {"vendor", "file", "kind", "class"}));
  BM_TRY(const auto vendor, row.text("vendor"));
  BM_TRY(const auto kind, row.one_of<attest::AnchorKind>("kind", {"intermediate", intermediate}, {"root", root}));
  BM_TRY(const auto anchor_class,
         row.one_of<attest::AnchorClass>("class", {"simulated", simulated}, {"genuine", genuine}));
  if (anchor_class == simulated && to.environment == policy::Environment::production) {
    return fail(Code::test_anchor, "vendors.toml pins the simulated vendor " + vendor + " in production");
  }
  BM_TRY(const auto pem, to.file(row));
  BM_TRY(const auto certificates, pem::read(as_text(pem), "CERTIFICATE", {}));
  for (const auto& der : certificates) {
    if (anchor_class == genuine && names_a_test_vendor(der)) {
      return fail(Code::test_anchor, "vendors.toml calls the test vendor " + vendor + " genuine");
    }
    BM_CHECK(to.trust.add(der, vendor, kind, anchor_class));
  }
  return {};
}

/// A CRL in PEM or DER; its issuer is pinned above.
Result<void> read_crl(Reading& to, const toml::node& node) {
  BM_TRY(const auto row, Row::of(node, {"file"}));
  BM_TRY(auto bytes, to.file(row));
  if (as_text(bytes).starts_with("-----BEGIN ")) {
    BM_TRY(auto lists, pem::read(as_text(bytes), "X509 CRL", {}));
    for (const auto& der : lists) {
      BM_CHECK(to.trust.add_crl(der));
    }
    return {};
  }
  return to.trust.add_crl(bytes);
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
    to.trust.deny(Digest{*digest});
    return {};
  }
  BM_TRY(auto manufacturer, row.text("manufacturer"));
  BM_TRY(auto model, row.text("model"));
  to.trust.deny_model(std::move(manufacturer), std::move(model), row.text_or("version", {}));
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
  to.trust.fix_key_type(std::move(model), type->type);
  return {};
}

Result<void> read_rule(Reading& to, const toml::node& node) {
  using enum attest::CrlRule;
  BM_TRY(const auto row, Row::of(node, {"crl"}));
  BM_TRY(const auto rule,
         row.one_of<attest::CrlRule>("crl", {"listed_only", listed_only}, {"fresh_required", fresh_required}));
  to.trust.set_crl_rule(rule);
  return {};
}

struct Table {
  std::string_view name;
  Result<void> (*read)(Reading&, const toml::node&);
};
/// Anchors first: a CRL needs its issuer.
constexpr std::array kTables{Table{"anchor", read_anchor}, Table{"crl", read_crl}, Table{"deny", read_denial},
                             Table{"ek", read_key_type}, Table{"rule", read_rule}};

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

Result<attest::VendorTrust> read_vendors(Files& files, const std::filesystem::path& directory,
                                         policy::Environment environment) {
  BM_TRY(const auto document, read_table(files, directory / "vendors.toml"));
  for (const auto& [key, value] : document) {
    if (!value.is_array() || std::ranges::find(kTables, key.str(), &Table::name) == kTables.end()) {
      return fail(Code::bad_request, "vendors.toml: unknown table [[" + std::string{key.str()} + "]]");
    }
  }
  Reading reading{files, directory, environment};
  for (const auto& table : kTables) {
    const auto* const rows = document[table.name].as_array();
    for (std::size_t i = 0; rows != nullptr && i < rows->size(); ++i) {
      BM_CHECK(table.read(reading, (*rows)[i]));
    }
  }
  return std::move(reading.trust);
}

}  // namespace birthmark::daemon
