import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import io.netty.channel.Channel;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.h2.mvstore.MVStore;

/**
 * Serves the protocol of MongoDB on loopback, with its data in a file: java Mongo.java PORT FILE. Two things that
 * mongo-java-server cannot do are made up for here, as far as Dapr's component needs them.
 */
class Mongo extends H2Backend {
    /** The collections with an index for a time to live, by database and name, with the field that it is on. */
    private final Map<List<String>, String> expiring = new ConcurrentHashMap<>();

    /** Stands for the client who has documents expire. */
    private final Channel channel = new EmbeddedChannel();

    Mongo(MVStore store) {
        super(store);
        Executors.newSingleThreadScheduledExecutor().scheduleWithFixedDelay(this::expire, 1, 1, TimeUnit.SECONDS);
    }

    public static void main(String[] args) {
        var store = new MVStore.Builder().fileName(args[1]).open();
        new MongoServer(new Mongo(store)).bind(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])));
    }

    @Override
    public Document handleMessage(MongoMessage message) {
        Document command = message.getDocument();
        if (command.get("updates") instanceof List<?> updates) {
            updates.forEach(update -> plain((Document) update));
        }
        if (command.get("indexes") instanceof List<?> indexes) {
            indexes.forEach(index -> remember(command, (Document) index));
        }
        var answer = super.handleMessage(message);
        commit(); // to the file, before anybody is told that it is done
        return answer;
    }

    /** Turns an update that is a pipeline of $set stages into one $set, since the server takes no pipelines. */
    private static void plain(Document update) {
        if (update.get("u") instanceof List<?> stages) {
            var fields = new Document();
            for (Object stage : stages) {
                for (Object set : ((Document) stage).values()) {
                    ((Document) set).forEach((name, value) -> fields.put(name, evaluate(value)));
                }
            }
            update.put("u", new Document("$set", fields));
        }
    }

    /** Knows one expression: {$add: ["$$NOW", milliseconds]}. */
    private static Object evaluate(Object value) {
        if (value instanceof Document expression && expression.get("$add") instanceof List<?> terms) {
            return Instant.now().plusMillis(((Number) terms.get(1)).longValue());
        }
        return value;
    }

    private void remember(Document command, Document index) {
        if (index.containsKey("expireAfterSeconds")) {
            var field = ((Document) index.get("key")).keySet().iterator().next();
            expiring.put(List.of((String) command.get("$db"), (String) command.get("createIndexes")), field);
        }
    }

    /** Deletes what has expired, as a real server does once a minute. */
    private void expire() {
        expiring.forEach((collection, field) -> {
            var past = new Document(field, new Document("$lt", Instant.now()));
            var deletion = new Document("q", past).append("limit", 0);
            handleCommand(channel, collection.get(0), "delete",
                new Document("delete", collection.get(1)).append("deletes", List.of(deletion)));
        });
    }
}
