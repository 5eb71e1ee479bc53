# SPDX-License-Identifier: Apache-2.0
# One line a target, appended: birthmark_fuzz(<name> DEPS <folders>)
