// SPDX-License-Identifier: Apache-2.0
#include "codec/csr_attrs.h"

#include "codec/der.h"
#include "codec/extensions.h"
#include "codec/oid.h"

namespace birthmark::csr_attrs {
namespace {

constexpr std::size_t kDepthMax = 16;

Result<Entry> read_attribute(BytesView contents) {
  der::Reader fields{contents};
  Entry entry;
  BM_TRY(entry.type, fields.oid());
  BM_TRY(auto values, fields.enter(der::tag::set));
  BM_CHECK(fields.finish());
  while (!values.empty()) {
    BM_TRY(const auto value, values.any());
    if (entry.values.size() == kEntriesMax) {
      return fail(Code::bad_request, "CsrAttrs: too many values");
    }
    entry.values.push_back(value.whole);
  }
  if (entry.values.empty()) {
    return fail(Code::bad_request, "CsrAttrs: an attribute without a value");
  }
  if (equal(entry.type, oids::extension_request)) {
    if (entry.values.size() != 1) {
      return fail(Code::bad_request, "CsrAttrs: two lists of extensions");
    }
    BM_CHECK(x509::read_extensions(entry.values.front()));
  }
  return entry;
}

}  // namespace

Result<std::vector<Entry>> read(BytesView der) {
  if (der.empty() || der.size() > kMaxBytes) {
    return fail(Code::bad_request, "CsrAttrs: empty or too long");
  }
  BM_CHECK(der::check_nesting(der, kDepthMax));
  BM_TRY(auto list, der::read_one(der, der::tag::sequence));
  std::vector<Entry> out;
  while (!list.empty()) {
    if (out.size() == kEntriesMax) {
      return fail(Code::bad_request, "CsrAttrs: too many entries");
    }
    if (list.peek() == der::tag::oid) {
      BM_TRY(const auto type, list.oid());
      out.push_back({type, {}});
      continue;
    }
    BM_TRY(const auto contents, list.expect(der::tag::sequence));
    BM_TRY(auto entry, read_attribute(contents));
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace birthmark::csr_attrs
