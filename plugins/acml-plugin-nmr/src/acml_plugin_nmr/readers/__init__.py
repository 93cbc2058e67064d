"""One module a format; each yields ``NmrSignal``. ``acml_plugin_nmr.read`` picks the right one."""
