"""Makes models of a few kilobytes in the forms that sherpa-onnx loads: true names, shapes and metadata, no knowledge."""
