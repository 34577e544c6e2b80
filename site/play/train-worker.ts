// The worker in which the library trains, so that the page stays free to draw.
import "propago/worker";
