using System.Text.Json;
using Pyco.Host.Control;
using Pyco.Network.Control;
using Pyco.Network.Tests.Testing;
using Pyco.Vde.Impairment;
using Pyco.Vde.Switching;

namespace Pyco.Network.Tests;

/// <summary>Cables that are put between a port and its station while the network runs, and taken out again.</summary>
internal sealed class LinkTableTests
{
    [TestCase(false)]
    [TestCase(true)]
    public void A_stack_makes_frames_as_a_wire_takes_them_only_while_its_cable_needs_it(bool isCaptured)
    {
        using TestNetwork network = new();
        LocalPort port = new("host", 0, 1500) { IsWire = isCaptured };
        network.Ask(running => running.Switch.TryAdd(port));

        Set(network, port, "delay=1ms");
        Assert.That(network.Ask(_ => port.IsWire), Is.True);
        Set(network, port, "none");
        network.Until(_ => port.Impairment is null, "the cable is out of the way");
        Assert.That(network.Ask(_ => port.IsWire), Is.EqualTo(isCaptured));

        Set(network, port, "loss=1%");
        Assert.That(network.Ask(_ => port.IsWire && port.Impairment is not null), Is.True);
    }

    [Test]
    public void A_cable_that_is_cleared_delivers_first_what_is_on_it()
    {
        using TestNetwork network = new();
        LocalPort port = new("host", 0, 1500);
        network.Ask(running => running.Switch.TryAdd(port));
        Set(network, port, "up:delay=10s");
        network.Ask(running =>
        {
            port.Send(TestFrame.Broadcast(running.Memory.Frames, from: 1));
            return port.Counters.FramesIn;
        });
        Assert.That(network.Ask(_ => port.Counters.FramesIn), Is.Zero, "it is on the cable");

        Set(network, port, "none");

        network.Until(_ => port.Impairment is null, "the cable is out of the way");
        Assert.That(network.Ask(_ => port.Counters.FramesIn), Is.EqualTo(1));
        Assert.That(network.Ask(running => running.Links.Find(port)!.Up.Passed), Is.EqualTo(1));
    }

    [Test]
    public void Clearing_a_cable_that_does_nothing_leaves_its_port_alone()
    {
        using TestNetwork network = new();
        LocalPort port = new("host", 0, 1500);
        network.Ask(running => running.Switch.TryAdd(port));

        Set(network, port, "none");

        Assert.That(network.Ask(running => running.Links.Find(port)), Is.Null);
        Assert.That(network.Ask(_ => port.IsWire || port.Impairment is not null), Is.False);
    }

    [Test]
    public void A_cable_whose_impairments_were_cleared_is_described_as_none_but_keeps_its_seed()
    {
        using TestNetwork network = new();
        network.Ask(running => running.Switch.TryAdd(new LocalPort("host", 0, 1500)));

        Assert.That(Describe("seed=7,up:loss=5%"), Is.EqualTo("seed=7,up:loss=5%"));
        Assert.That(Describe("loss=none"), Is.EqualTo("none"));
        Assert.That(Describe("none"), Is.EqualTo("none"));
        Assert.That(Describe("delay=1ms"), Is.EqualTo("seed=7,delay=1ms"));

        string Describe(string change)
        {
            ControlRequest request = new("link", $"set={change}\n");
            using JsonDocument answer = JsonDocument.Parse(network.Ask(running => LinkRequests.Handle(running, request, default)));
            return answer.RootElement[0].GetProperty("link").GetString()!;
        }
    }

    private static void Set(TestNetwork network, SwitchPort port, string text)
    {
        Assert.That(LinkSpecification.TryParse(text, out LinkSpecification? link, out string? error), Is.True, error);
        network.Ask(running =>
        {
            running.Links.Set(port, link!);
            return true;
        });
    }
}
