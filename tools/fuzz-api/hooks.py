# A sealed message is a text.
import schemathesis

schemathesis.serializer.alias("application/jose", "text/plain")
