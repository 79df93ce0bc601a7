using Pyco.Host.Protocol;
using Pyco.Host.Tests.Testing;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Tests;

/// <summary>How long a host stays, and that it is quiet while nothing happens.</summary>
internal sealed class LifeTests : HostTest
{
    /// <summary>A process of the machine that executes another program at the moment of a look may cost some looks more.</summary>
    private static readonly TimeSpan SomeLooks = TimeSpan.FromSeconds(0.5);

    private HelperProcess? _program;
    private HelperProcess? _descendant;
    private ProgramWatch? _watch;

    [TearDown]
    public void EndProcesses()
    {
        _watch?.Dispose();
        _watch = null;
        _program?.Dispose();
        _descendant?.Dispose();
    }

    [Test]
    public void While_the_program_lives_there_is_nothing_to_look_for()
    {
        ProgramWatch watch = WatchProgram();

        Assert.That((watch.Advance(Network.Now), watch.IsOver), Is.EqualTo(((Instant?)null, false)));
    }

    [Test]
    public void The_host_leaves_with_its_program()
    {
        ProgramWatch watch = WatchProgram();

        _program!.Dispose();

        Assert.That(IsOverWithin(watch, SomeLooks), Is.True);
    }

    [Test]
    public void The_host_stays_while_a_socket_is_held()
    {
        (TestSocket client, _) = Connect(80);
        ProgramWatch watch = WatchProgram();
        _program!.Dispose();
        Assert.That(IsOverWithin(watch, TimeSpan.FromSeconds(30)), Is.False);

        client.Close();
        Right.CloseAll();

        Assert.That(IsOverWithin(watch, TimeSpan.FromSeconds(2)), Is.True);
    }

    [Test]
    public void The_host_stays_while_something_listens()
    {
        TestSocket listener = Left.Listen(80);
        ProgramWatch watch = WatchProgram();
        _program!.Dispose();
        Assert.That(IsOverWithin(watch, TimeSpan.FromSeconds(30)), Is.False);

        listener.Close();

        Assert.That(IsOverWithin(watch, TimeSpan.FromSeconds(2)), Is.True);
    }

    [Test]
    public void A_socket_that_ends_a_moment_after_its_program_does_not_keep_the_host()
    {
        TestSocket listener = Left.Listen(80);
        ProgramWatch watch = WatchProgram();
        _program!.Dispose();
        Assert.That(IsOverWithin(watch, TimeSpan.FromMilliseconds(15)), Is.False);

        listener.Close();

        Assert.That(IsOverWithin(watch, SomeLooks), Is.True, "who starts it again need not wait");
    }

    [Test]
    public void The_host_stays_while_a_descendant_lives_and_looks_seldom()
    {
        _descendant = HelperProcess.Start("cat", [(HostProtocol.EnvironmentVariable, Left.Credentials.ToEnvironmentValue(1))]);
        ProgramWatch watch = WatchProgram();
        _program!.Dispose();
        int looks = 0;
        Assert.That(IsOverWithin(watch, TimeSpan.FromHours(1), () => looks++), Is.False);
        Assert.That(looks, Is.LessThan(80), "once a minute is enough when its end will be told");

        _descendant.Dispose();

        Assert.That(IsOverWithin(watch, SomeLooks), Is.True, "its end was told");
    }

    [Test]
    public void The_host_stays_while_a_descendant_lives_whose_main_thread_has_ended()
    {
        _descendant = HelperProcess.Start(
            "python3",
            [(HostProtocol.EnvironmentVariable, Left.Credentials.ToEnvironmentValue(1))],
            "-c",
            """
            import ctypes, sys, threading, time
            def go_on():
                while " Z " not in open("/proc/self/stat").read():
                    time.sleep(0.01)
                print("alone", flush=True)
                sys.stdin.read()
            threading.Thread(target=go_on).start()
            ctypes.CDLL(None).pthread_exit(None)
            """);
        Assert.That(_descendant.ReadLine(), Is.EqualTo("alone"));
        ProgramWatch watch = WatchProgram();
        _program!.Dispose();

        Assert.That(IsOverWithin(watch, TimeSpan.FromHours(1)), Is.False);

        _descendant.Dispose();

        Assert.That(IsOverWithin(watch, SomeLooks), Is.True, "its end was told");
    }

    [Test]
    public void The_host_stays_while_a_descendant_executes_one_program_after_the_other()
    {
        string script = Path.GetTempFileName();
        try
        {
            File.WriteAllText(script, "[ -s \"$0\" ] && exec sh \"$0\"\n");
            _descendant = HelperProcess.Start(
                "sh", [(HostProtocol.EnvironmentVariable, Left.Credentials.ToEnvironmentValue(1))], script);
            ProgramWatch watch = WatchProgram();
            _program!.Dispose();

            // Hundreds of looks, some of them in the moment in which the new program's environment is not there yet.
            Assert.That(IsOverWithin(watch, TimeSpan.FromHours(10)), Is.False);
        }
        finally
        {
            File.WriteAllText(script, ""); // its end
            _descendant?.Dispose();
            File.Delete(script);
        }
    }

    [Test]
    public void What_the_program_has_sent_is_finished_after_its_end()
    {
        (TestSocket client, TestSocket server) = Connect(80);
        Left.Link.IsCut = true;
        client.Send(new byte[50_000]);
        client.Close();
        ProgramWatch watch = WatchProgram();
        _program!.Dispose();
        Assert.That(IsOverWithin(watch, TimeSpan.FromSeconds(3)), Is.False);
        Assert.That(Left.Host.Stack.YieldsAddress, Is.True, "another may have the address now");

        Left.Link.IsCut = false;

        Assert.That(IsOverWithin(watch, TimeSpan.FromSeconds(30)), Is.True);
        Assert.That(server.ReceiveAll(out int end), Has.Length.EqualTo(50_000));
        Assert.That(end, Is.Zero);
    }

    [Test]
    public void The_FIN_of_a_peer_that_has_acknowledged_ours_is_awaited_and_answered()
    {
        (TestSocket client, TestSocket server) = Connect(80);
        client.Close();
        ProgramWatch watch = WatchProgram();
        _program!.Dispose();
        Assert.That(IsOverWithin(watch, TimeSpan.FromSeconds(0.5)), Is.False);
        Assert.That(Left.Host.Stack.YieldsAddress, Is.True, "another may have the address now");

        server.Close();

        Assert.That(IsOverWithin(watch, TimeSpan.FromSeconds(0.1)), Is.True);
        Assert.That(Right.Host.Bridge.Sockets.HasUnfinished, Is.False, "LAST-ACK has ended");
    }

    [Test]
    public void A_peer_that_has_more_to_do_is_awaited_for_a_second()
    {
        (TestSocket client, _) = Connect(80);
        client.Close();
        ProgramWatch watch = WatchProgram();
        _program!.Dispose();

        Assert.That(IsOverWithin(watch, TimeSpan.FromSeconds(0.9)), Is.False);
        Assert.That(IsOverWithin(watch, TimeSpan.FromSeconds(0.2)), Is.True);
    }

    [Test]
    public void What_nobody_reads_does_not_keep_the_address_of_a_program_that_has_ended()
    {
        (TestSocket client, _) = Connect(80);
        byte[] octets = new byte[64 * 1024];
        while (client.Send(octets) > 0)
        {
            // until every buffer on the way is full, the program's own last
        }
        client.Close();
        ProgramWatch watch = WatchProgram();
        _program!.Dispose();

        Assert.That(IsOverWithin(watch, TimeSpan.FromSeconds(1)), Is.False, "the reader may come yet");
        Assert.That(Left.Host.Stack.YieldsAddress, Is.True, "another may have the address now");
        Assert.That(IsOverWithin(watch, TimeSpan.FromSeconds(61)), Is.True);
    }

    [Test]
    public void A_peer_that_does_not_answer_is_given_up_after_a_minute()
    {
        (TestSocket client, _) = Connect(80);
        Left.Link.LosesIPv4 = true;
        client.Send(new byte[50_000]);
        client.Close();
        ProgramWatch watch = WatchProgram();
        _program!.Dispose();

        Assert.That(IsOverWithin(watch, TimeSpan.FromSeconds(58)), Is.False);
        Assert.That(IsOverWithin(watch, TimeSpan.FromSeconds(4)), Is.True);
    }

    [Test]
    public void A_host_that_ends_resets_its_connections()
    {
        (TestSocket client, TestSocket server) = Connect(80);
        TestSocket datagrams = Left.BindDatagram(53);

        Left.End();

        Assert.That(client.Receive(new byte[1]), Is.Zero.Or.EqualTo(-1));
        Assert.That(client.Events & Constants.PollIn, Is.Not.Zero, "its program wakes");
        Assert.That(datagrams.Receive(new byte[1]), Is.Zero.Or.EqualTo(-1));
        Assert.That(server.TakeError(), Is.EqualTo(Errno.ECONNRESET));
    }

    [Test]
    public void An_idle_host_sleeps()
    {
        (TestSocket client, TestSocket server) = Connect(80);
        Left.Listen(8080);
        Left.BindDatagram(53);
        AssertTheySpeak(client, server);
        Network.Wait(TimeSpan.FromMinutes(10)); // neighbours are forgotten, and so on
        int before = Network.Turns;

        Network.Wait(TimeSpan.FromHours(1));

        Assert.That(Network.Turns - before, Is.LessThanOrEqualTo(4), "and that is the test's own");
    }

    private ProgramWatch WatchProgram()
    {
        _program = HelperProcess.Start("cat");
        return _watch = new ProgramWatch(Left.Host, Left.Credentials, _program.Id, () => { }, () => { });
    }

    /// <summary>Lets the time pass as the host's process does, until the host is not needed any more.</summary>
    private bool IsOverWithin(ProgramWatch watch, TimeSpan limit, Action? onLook = null)
    {
        Instant end = Network.Now + limit;
        while (true)
        {
            Network.Settle();
            Instant? next = watch.Advance(Network.Now);
            onLook?.Invoke();
            if (watch.IsOver || next is not { } at || at > end)
                break;
            Network.Wait(at - Network.Now);
        }
        if (!watch.IsOver)
            Network.Wait(end - Network.Now);
        return watch.IsOver;
    }
}
