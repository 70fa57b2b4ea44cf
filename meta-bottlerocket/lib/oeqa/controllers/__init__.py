# SPDX-License-Identifier: Apache-2.0 OR MIT
# Other layers have controllers in a folder of this name, too.
from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
