import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import java.net.InetSocketAddress;
import org.h2.mvstore.MVStore;

/** Serves the protocol of MongoDB on loopback, with its data in a file: java Mongo.java PORT FILE. */
class Mongo {
    public static void main(String[] args) {
        var store = new MVStore.Builder().fileName(args[1]).open();
        store.setAutoCommitDelay(1); // in milliseconds: what a killed server may lose
        new MongoServer(new H2Backend(store)).bind(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])));
    }
}
