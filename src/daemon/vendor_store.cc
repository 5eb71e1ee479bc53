// SPDX-License-Identifier: Apache-2.0
#include "daemon/vendor_store.h"

#include <toml++/toml.h>

#include "codec/pem.h"

namespace birthmark::daemon {
namespace {

constexpr std::size_t kFileMax = 256 * 1024;

struct AnchorRow {
  std::string vendor;
  attest::AnchorKind kind = attest::AnchorKind::intermediate;
  attest::AnchorClass anchor_class = attest::AnchorClass::simulated;
  std::string file;
};

Result<AnchorRow> read_row(const toml::node& node) {
  const auto* const table = node.as_table();
  if (table == nullptr) {
    return fail(Code::bad_request, "vendors.toml: [[anchor]] is a table");
  }
  AnchorRow row;
  for (const auto& [key, value] : *table) {
    const auto text = value.value_or(std::string{});
    if (key.str() == "vendor") {
      row.vendor = text;
    } else if (key.str() == "file" && text.find('/') == std::string::npos) {
      row.file = text;
    } else if (key.str() == "kind" && (text == "root" || text == "intermediate")) {
      row.kind = text == "root" ? attest::AnchorKind::root : attest::AnchorKind::intermediate;
    } else if (key.str() == "class" && (text == "genuine" || text == "simulated")) {
      row.anchor_class = text == "genuine" ? attest::AnchorClass::genuine : attest::AnchorClass::simulated;
    } else {
      return fail(Code::bad_request, "vendors.toml: " + std::string{key.str()} + " = \"" + text + "\"");
    }
  }
  return row.vendor.empty() || row.file.empty()
             ? Result<AnchorRow>{fail(Code::bad_request, "vendors.toml: an anchor needs vendor and file")}
             : Result<AnchorRow>{std::move(row)};
}

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
  attest::VendorTrust trust;
  BM_TRY(const auto table, read_table(files, directory / "vendors.toml"));
  for (const auto& [key, value] : table) {
    const auto* const rows = value.as_array();
    if (key.str() != "anchor" || rows == nullptr) {
      return fail(Code::bad_request, "vendors.toml holds [[anchor]] tables only");
    }
    for (const auto& node : *rows) {
      BM_TRY(const auto row, read_row(node));
      if (row.anchor_class == attest::AnchorClass::simulated && environment == policy::Environment::production) {
        return fail(Code::test_anchor, "vendors.toml pins the simulated vendor " + row.vendor + " in production");
      }
      BM_TRY(const auto pem, files.read(directory / row.file, kFileMax));
      BM_TRY(const auto certificates, pem::read(as_text(pem), "CERTIFICATE", {}));
      for (const auto& der : certificates) {
        BM_CHECK(trust.add(der, row.vendor, row.kind, row.anchor_class));
      }
    }
  }
  return trust;
}

}  // namespace birthmark::daemon
