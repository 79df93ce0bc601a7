using System.Net;
using System.Net.Sockets;
using Pyco.Host.Protocol;
using Pyco.Host.Publishing;
using Pyco.Host.Tests.Testing;
using Pyco.Stack;

namespace Pyco.Host.Tests;

/// <summary>Published ports neither keep a host whose programs are gone nor cut off what they have sent.</summary>
internal sealed class PublishedLifeTests : PublishTest
{
    private HelperProcess? _program;
    private ProgramWatch? _watch;

    [TearDown]
    public void EndProcess()
    {
        _watch?.Dispose();
        _watch = null;
        _program?.Dispose();
    }

    [Test]
    public void An_open_connection_outside_does_not_keep_the_host()
    {
        TestSocket listener = Left.Listen(80);
        ushort port = Publish(80).Outside.Port;
        OutsideClient idle = Hold(OutsideClient.Connect(port));
        Until(() => listener.Accept() is not null, "a connection");
        EndProgram();

        Left.CloseAll();

        Instant end = Network.Now;
        Until(IsOver, "the end of the host");
        Assert.That(Network.Now - end, Is.LessThan(TimeSpan.FromSeconds(5)));
        Assert.That(idle.IsReadable, Is.True, "it has been told");
    }

    [Test]
    public void The_port_is_free_as_soon_as_the_programs_are_gone()
    {
        (OutsideClient slow, ushort port, _) = SendMuchAndEnd();

        Assert.That(_watch!.IsOver, Is.False, "something is left to say");
        Assert.That(() => OutsideClient.Connect(port), Throws.TypeOf<SocketException>());
        Assert.That(Right.Host.Publisher.Publish(Left.Host.Publisher.Publications[0].Port).Outside.Port, Is.EqualTo(port));
        slow.Reset();
        Until(IsOver, "the end of the host");
    }

    [Test]
    public void What_a_program_has_sent_before_its_end_arrives()
    {
        (OutsideClient slow, _, int sent) = SendMuchAndEnd();
        Assert.That(IsOver(), Is.False);
        byte[] buffer = new byte[65536];
        int received = 0;
        int length = -1;

        Until(
            () =>
            {
                length = slow.Receive(buffer);
                received += Math.Max(0, length);
                _watch!.Advance(Network.Now);
                return length == 0;
            },
            "all that was sent");

        Assert.That(received, Is.EqualTo(sent));
        Until(IsOver, "the end of the host");
    }

    [Test]
    public void Who_never_reads_is_given_up_after_a_minute()
    {
        (OutsideClient slow, _, _) = SendMuchAndEnd();

        for (int second = 0; second < 58; second++)
        {
            Network.Wait(TimeSpan.FromSeconds(1));
            Assert.That(IsOver(), Is.False);
        }
        Network.Wait(TimeSpan.FromSeconds(4));

        Assert.That(IsOver(), Is.True);
        slow.Reset();
    }

    [Test]
    public void A_published_port_costs_an_idle_host_nothing()
    {
        Publish(80);
        Publish(53, isUdp: true);
        Network.Wait(TimeSpan.FromMinutes(10));
        int before = Network.Turns;

        Network.Wait(TimeSpan.FromHours(1));

        Assert.That(Network.Turns - before, Is.LessThanOrEqualTo(4), "and that is the test's own");
    }

    [Test]
    public void Without_a_descriptor_a_connection_waits_and_loses_nothing([Values(0, 3)] int left)
    {
        TestSocket listener = Left.Listen(80);
        ushort port = Publish(80).Outside.Port;
        Hold(OutsideClient.Connect(port)).Send("the code is loaded");
        TestSocket? accepted = null;
        Until(() => (accepted = listener.Accept()) is not null, "a connection");
        Assert.That(AwaitText(accepted!), Is.EqualTo("the code is loaded"));
        OutsideClient client = Hold(OutsideClient.Open());
        RawClient program = Left.Dial();
        int turns;
        Reply? reply;
        using (DescriptorLimit limit = new())
        {
            limit.Release(left);
            client.Connect(IPAddress.Loopback, port);
            client.Send("early");
            reply = program.Ask(Left.NewRequest(Operation.GetInterface));
            int before = Network.Turns;
            Network.Wait(TimeSpan.FromSeconds(10));
            turns = Network.Turns - before;
        }

        Assert.That(turns, Is.LessThan(2000), "it looks now and then, and does not spin");
        Assert.That(reply, Is.Not.Null, "its programs are served");
        Assert.That(((PublishedStreams)Left.Host.Publisher.Publications[0]).Accepted, Is.EqualTo(1));
        accepted = null;
        Until(() => (accepted = listener.Accept()) is not null, "the connection");
        Assert.That(AwaitText(accepted!), Is.EqualTo("early"));
    }

    /// <summary>A program sends more than anybody outside reads, and ends.</summary>
    private (OutsideClient Slow, ushort Port, int Sent) SendMuchAndEnd()
    {
        TestSocket listener = Left.Listen(80);
        ushort port = Publish(80).Outside.Port;
        OutsideClient slow = Hold(OutsideClient.Connect(port));
        TestSocket? server = null;
        Until(() => (server = listener.Accept()) is not null, "a connection");
        byte[] chunk = new byte[65536];
        int sent = 0;
        for (int idle = 0; idle < 50;)
        {
            int length = server!.Send(chunk);
            (sent, idle) = length > 0 ? (sent + length, 0) : (sent, idle + 1);
            if (length <= 0)
                Network.Wait(TimeSpan.FromMilliseconds(1));
        }
        EndProgram();
        Left.CloseAll();
        // A process of the machine that executes another program at the moment of a look costs another look.
        Until(() => IsOver() || Left.Host.Stack.YieldsAddress, "that nobody is left");
        return (slow, port, sent);
    }

    private void EndProgram()
    {
        _program = HelperProcess.Start("cat");
        _watch = new ProgramWatch(Left.Host, Left.Credentials, _program.Id, () => { }, () => { });
        _program.Dispose();
        Network.Settle();
    }

    private bool IsOver()
    {
        _watch!.Advance(Network.Now);
        return _watch.IsOver;
    }
}
