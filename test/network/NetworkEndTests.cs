using Pyco.Host;
using Pyco.Host.Control;
using Pyco.Network.Capture;
using Pyco.Network.Tests.Testing;
using Pyco.Vde;

namespace Pyco.Network.Tests;

/// <summary>When a network ends by itself, and that it can always end.</summary>
internal sealed class NetworkEndTests
{
    [Test]
    public void A_capture_whose_reader_has_gone_before_the_answer_is_none()
    {
        using TestNetwork network = new();
        using RawClient witness = network.Connect("pyco");
        network.Ask(running =>
        {
            // In the network's own thread: it finds the request when the other end is closed already.
            using RawClient reader = network.Connect("pyco");
            reader.Send(new ControlRequest("capture", new CaptureOptions().Write()).ToOctets());
            return true;
        });

        witness.Send(new ControlRequest("capture", new CaptureOptions().Write()).ToOctets());
        Assert.That(witness.Receive(), Is.Not.Empty);

        Assert.That(network.Ask(running => running.Captures.Count), Is.EqualTo(1), "the witness's own");
    }

    [Test]
    public void A_default_network_counts_the_five_minutes_from_its_last_hosts_end()
    {
        using TestNetwork network = new(options => options with { EndsWhenEmpty = true });
        network.Pass(TimeSpan.FromMinutes(4));
        network.Until(running => running.Uptime >= TimeSpan.FromMinutes(4), "the time has passed");
        using RawClient launcher = network.Connect("pyco"); // not before: who is silent for so long is let go
        launcher.Send(new ControlRequest("join", new HostOrder
        {
            Credentials = HostCredentials.Create(),
            ProgramPid = Environment.ProcessId,
            Addresses = [],
            Network = new VnlLocator(network.Path),
            Command = "test",
        }.Write()).ToOctets());
        network.Until(running => running.Hosts.All.Count == 1, "the host");
        network.Ask(running =>
        {
            running.Hosts.End(running.Hosts.All[0]);
            return true;
        });

        network.Pass(TimeSpan.FromMinutes(4));
        network.Until(running => running.Uptime >= TimeSpan.FromMinutes(8) && !running.Loop.StopRequested, "it goes on");
        using (network.Connect("pyco")) // whose end wakes the loop, which does not see the clock move
            network.Pass(TimeSpan.FromMinutes(2));
        Assert.That(() => Directory.Exists(network.Path), Is.False.After(60_000, 10));
    }
}
