import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;
import org.apache.avro.SchemaValidationException;
import org.apache.avro.SchemaValidator;
import org.apache.avro.SchemaValidatorBuilder;

/**
 * What Avro itself says of chains of schemas. Arguments: a file with one JSON array of schemas a line, oldest first, the last one new; and the
 * file for the answers. Each answer is one JSON object: whether each mode takes the new schema, and whether it and the one before it read each other's data.
 */
public class Compatibility {
  public static void main(String[] arguments) throws IOException {
    ObjectMapper json = new ObjectMapper();
    try (PrintWriter answers = new PrintWriter(Files.newBufferedWriter(Path.of(arguments[1])))) {
      for (String line : Files.readAllLines(Path.of(arguments[0]))) {
        List<Schema> chain = new ArrayList<>();
        // A parser remembers the names that it has seen, so each schema has its own.
        for (JsonNode schema : json.readTree(line)) chain.add(new Schema.Parser().parse(schema.toString()));
        answers.println(json.writeValueAsString(judge(chain)));
      }
    }
  }

  private static Map<String, Boolean> judge(List<Schema> chain) {
    Schema fresh = chain.get(chain.size() - 1);
    List<Schema> earlier = new ArrayList<>(chain.subList(0, chain.size() - 1));
    // Validators take the newest first.
    Collections.reverse(earlier);
    Map<String, Boolean> answers = new LinkedHashMap<>();
    answers.put("BACKWARD", takes(new SchemaValidatorBuilder().canReadStrategy().validateLatest(), fresh, earlier));
    answers.put("BACKWARD_TRANSITIVE", takes(new SchemaValidatorBuilder().canReadStrategy().validateAll(), fresh, earlier));
    answers.put("FORWARD", takes(new SchemaValidatorBuilder().canBeReadStrategy().validateLatest(), fresh, earlier));
    answers.put("FORWARD_TRANSITIVE", takes(new SchemaValidatorBuilder().canBeReadStrategy().validateAll(), fresh, earlier));
    answers.put("FULL", takes(new SchemaValidatorBuilder().mutualReadStrategy().validateLatest(), fresh, earlier));
    answers.put("FULL_TRANSITIVE", takes(new SchemaValidatorBuilder().mutualReadStrategy().validateAll(), fresh, earlier));
    answers.put("backward", reads(fresh, earlier.get(0)));
    answers.put("forward", reads(earlier.get(0), fresh));
    return answers;
  }

  private static boolean takes(SchemaValidator validator, Schema fresh, List<Schema> earlier) {
    try {
      validator.validate(fresh, earlier);
      return true;
    } catch (SchemaValidationException refused) {
      return false;
    }
  }

  private static boolean reads(Schema reader, Schema writer) {
    return SchemaCompatibility.checkReaderWriterCompatibility(reader, writer).getType() == SchemaCompatibilityType.COMPATIBLE;
  }
}
