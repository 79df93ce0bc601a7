using System.Net.Sockets;
using Pyco.Host.Guarding;
using Pyco.Host.Loop;
using Pyco.Host.Tests.Testing;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Tests;

/// <summary>The process that wakes programs whose host was killed, here a thread, and its connections to those it guards.</summary>
internal sealed unsafe class GuardTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>For what must not happen.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(100);

    private static int Count;

    private readonly List<Thread> _guards = [];
    private string _name = "";
    private EventLoop _loop = null!;
    private int _wakes;
    private int _failures;

    [SetUp]
    public void Begin()
    {
        _loop = new EventLoop(TimeProvider.System);
        _loop.Turn(TimeSpan.Zero);
        _name = $"pyco-test-guard-{Environment.ProcessId}-{Interlocked.Increment(ref Count)}";
        _wakes = 0;
        _failures = 0;
        _guards.Clear();
    }

    [TearDown]
    public void End()
    {
        _loop.Dispose();
        foreach (Thread guard in _guards)
            Assert.That(guard.Join(Patience), Is.True, "a guard ends when it has nobody to guard");
    }

    [Test]
    public void The_programs_of_a_process_that_was_killed_are_woken_when_it_has_ended()
    {
        using var process = HelperProcess.Start("cat");
        int contact = StartGuard();
        Introduce(contact, process.Id);
        Close(contact);
        Assert.That(_guards[0].Join(Moment), Is.False, "its sockets are closed after its connection");
        Assert.That(_wakes, Is.Zero);

        process.Kill();

        Assert.That(_guards[0].Join(Patience), Is.True);
        Assert.That(_wakes, Is.EqualTo(1));
    }

    [Test]
    public void Where_they_cannot_be_woken_the_guard_stays_and_tries_again()
    {
        _failures = 1;
        using var process = HelperProcess.Start("cat");
        int contact = StartGuard();
        Introduce(contact, process.Id);
        process.Kill();
        Close(contact);

        Assert.That(_guards[0].Join(Patience), Is.True);
        Assert.That(_wakes, Is.EqualTo(2));
    }

    [Test]
    public void Who_ends_in_order_has_told_all_himself()
    {
        using var process = HelperProcess.Start("cat");
        int contact = StartGuard();
        Introduce(contact, process.Id);
        Say(contact, GuardProtocol.InOrder);
        process.Kill();
        Close(contact);

        Assert.That(_guards[0].Join(Patience), Is.True);
        Assert.That(_wakes, Is.Zero);
    }

    [Test]
    public void The_next_process_finds_the_guard_of_the_first()
    {
        using var process = HelperProcess.Start("cat");
        GuardContact first = new(_loop, new GuardOptions(() => _name, TryStart));
        Need(first);
        Need(first);
        int second = AwaitGuard();
        Introduce(second, process.Id);
        first.Dispose();
        Assert.That(_guards, Has.Count.EqualTo(1));
        Assert.That(_guards[0].Join(Moment), Is.False, "it has another to guard");

        process.Kill();
        Close(second);

        Assert.That(_guards[0].Join(Patience), Is.True);
        Assert.That(_wakes, Is.EqualTo(1));
    }

    [Test]
    public void Of_two_guards_one_ends_and_its_process_finds_the_other()
    {
        using GuardContact first = new(_loop, new GuardOptions(() => _name, TryStart));
        Need(first);
        Close(AwaitGuard());
        int second = StartGuard();

        Assert.That(_guards[1].Join(Patience), Is.True);
        byte word;
        Assert.That((int)Libc.recv(second, &word, 1, 0), Is.Zero, "which tells its process to look for the other");
        Close(second);
        Assert.That(_guards[0].IsAlive, Is.True);
    }

    [Test]
    public void Strangers_with_many_descriptors_or_none_leave_nothing_behind()
    {
        int before = Kernel.OpenDescriptors;
        int attached = Kernel.NewUnixSocket(Constants.SockStream);
        GuardContact first = new(_loop, new GuardOptions(() => _name, TryStart));
        Need(first);
        for (int stranger = 0; stranger < 20; stranger++)
        {
            int socket = AwaitGuard();
            if (stranger % 2 == 0)
            {
                byte word = GuardProtocol.Watch;
                Assert.That((int)DescriptorPassing.Send(socket, &word, 1, [attached, attached, attached, attached]), Is.EqualTo(1));
            }
            if (stranger % 4 == 0)
                Say(socket, GuardProtocol.InOrder);
            Close(socket);
        }
        Close(attached);
        Assert.That(_guards[0].IsAlive, Is.True);
        first.Dispose();

        Assert.That(_guards[0].Join(Patience), Is.True);
        Assert.That(Kernel.OpenDescriptors, Is.EqualTo(before));
    }

    [Test]
    public void Who_says_that_he_is_there_and_does_not_show_himself_is_not_kept()
    {
        using GuardContact first = new(_loop, new GuardOptions(() => _name, TryStart));
        Need(first);
        int nobody = AwaitGuard();
        Say(nobody, GuardProtocol.Watch);

        Assert.That(() => HasEnded(nobody), Is.True.After((int)Patience.TotalMilliseconds, 5), "the guard could not take what came along: he may try again");
        Close(nobody);
        Assert.That(_guards[0].IsAlive, Is.True);
    }

    [Test]
    public void A_guard_that_ends_is_followed_by_another_at_once()
    {
        using Socket listener = ListenAsGuard();
        using GuardContact contact = new(_loop, new GuardOptions(() => _name, (_, _) => false));
        Need(contact);
        using (Socket accepted = listener.Accept())
            Assert.That(ReadWord(accepted), Is.EqualTo((byte)'w'));
        Thread.Sleep(TimeSpan.FromSeconds(1.1)); // it was one for a while

        _loop.Turn(Patience);

        Assert.That(contact.IsThere, Is.True);
        using (Socket accepted = listener.Accept())
            Assert.That(ReadWord(accepted), Is.EqualTo((byte)'w'));
    }

    [Test]
    public void Guards_that_end_at_once_are_looked_for_ever_more_seldom()
    {
        using Socket listener = ListenAsGuard();
        using GuardContact contact = new(_loop, new GuardOptions(() => _name, (_, _) => false));
        Need(contact);
        List<TimeSpan> pauses = [];
        for (int guard = 0; guard < 6; guard++)
        {
            listener.Accept().Dispose();
            while (contact.IsThere)
                _loop.Turn(Patience);
            Instant lost = _loop.Now;
            while (!contact.IsThere)
                _loop.Turn(Patience);
            pauses.Add(_loop.Now - lost);
        }
        Assert.That(pauses[0], Is.GreaterThanOrEqualTo(TimeSpan.FromMilliseconds(10)));
        Assert.That(pauses[^1], Is.GreaterThanOrEqualTo(TimeSpan.FromMilliseconds(320)));
    }

    [Test]
    public void Without_a_guard_the_process_goes_on_and_looks_again()
    {
        int starts = 0;
        using GuardContact contact = new(_loop, new GuardOptions(() => _name, (_, _) => ++starts < 0));
        Need(contact);
        Assert.That(starts, Is.EqualTo(1));
        Assert.That(contact.IsThere, Is.False);
        while (starts < 2)
            _loop.Turn(Patience);

        using Socket listener = ListenAsGuard();
        while (!contact.IsThere)
            _loop.Turn(Patience);
        Assert.That(listener.Poll(Patience, SelectMode.SelectRead), Is.True);
    }

    [Test]
    public void Nobody_looks_for_a_guard_before_there_is_need()
    {
        using Socket listener = ListenAsGuard();
        using GuardContact contact = new(_loop, new GuardOptions(() => _name, (_, _) => false));
        for (int turn = 0; turn < 3; turn++)
            _loop.Turn(TimeSpan.Zero);

        Assert.That(listener.Poll(TimeSpan.Zero, SelectMode.SelectRead), Is.False);
    }

    private void Need(GuardContact contact)
    {
        contact.Need();
        _loop.Turn(TimeSpan.Zero);
    }

    /// <returns>A connection to it.</returns>
    private int StartGuard()
    {
        int* ends = stackalloc int[2];
        Assert.That(Libc.socketpair(Constants.AfUnix, Constants.SockStream | Constants.SockCloexec, 0, ends), Is.Zero);
        TryStart(_name, ends[1]);
        Close(ends[1]);
        return ends[0];
    }

    private bool TryStart(string name, int contact)
    {
        int own = Libc.fcntl(contact, Processes.DuplicateCloseOnExec, 0);
        Thread guard = new(() => Guard.Run(name, own, () => Interlocked.Increment(ref _wakes) > _failures));
        _guards.Add(guard);
        guard.Start();
        return true;
    }

    /// <returns>A connection to the one that listens at the name.</returns>
    private int AwaitGuard()
    {
        int socket = -1;
        Assert.That(() => (socket = GuardProtocol.Dial(_name)) >= 0, Is.True.After((int)Patience.TotalMilliseconds, 5));
        return socket;
    }

    private Socket ListenAsGuard()
    {
        Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint($"\0{_name}"));
        listener.Listen();
        return listener;
    }

    private static byte ReadWord(Socket socket)
    {
        byte[] word = new byte[1];
        socket.ReceiveTimeout = (int)Patience.TotalMilliseconds;
        Assert.That(socket.Receive(word), Is.EqualTo(1));
        return word[0];
    }

    private static void Introduce(int contact, int pid)
    {
        int process = Libc.pidfd_open(pid);
        byte word = GuardProtocol.Watch;
        Assert.That((int)DescriptorPassing.Send(contact, &word, 1, process), Is.EqualTo(1));
        Close(process);
    }

    private static bool HasEnded(int contact)
    {
        byte word;
        return Libc.recv(contact, &word, 1, Constants.MsgDontwait) == 0;
    }

    private static void Say(int contact, byte word) => Assert.That((int)Libc.send(contact, &word, 1, Constants.MsgNosignal), Is.EqualTo(1));

    private static void Close(int descriptor) => _ = Libc.close(descriptor);
}
