using System.Text.RegularExpressions;
using Pyco.Integration.Tests.Support;
using Pyco.Shim.Tests.Support;

namespace Pyco.Shim.Tests;

/// <summary>The same program on the kernel's loopback and on ours, over a stock switch: its transcripts are equal.</summary>
internal sealed class TranscriptTests
{
    private VirtualNetwork _network = null!;

    [OneTimeSetUp]
    public void StartNetwork() => _network = new();

    [OneTimeTearDown]
    public void EndNetwork() => _network.Dispose();

    [Test]
    public void Socket_calls_answer_python_as_the_kernel_s_do() =>
        Compare("python3", Path.Combine(Built.Root, "test", "shim", "programs", "transcript.py"));

    [TestCase("passing", TestName = "Sockets_pass_to_other_processes_and_numbers")]
    [TestCase("inheriting", TestName = "Children_inherit_sockets_by_fork_vfork_and_spawn")]
    [TestCase("cleared", TestName = "Children_with_a_cleared_environment_stay_on_the_network")]
    [TestCase("reuse", TestName = "Numbers_are_reused_after_every_kind_of_close")]
    [TestCase("readiness", TestName = "Poll_select_epoll_and_non_blocking_connects")]
    [TestCase("messages", TestName = "Flags_and_forms_of_sending_and_receiving")]
    [TestCase("ancillary", TestName = "Control_messages_of_datagrams_by_level_and_cut")]
    [TestCase("marking", TestName = "Time_to_live_and_type_of_service_of_sockets_and_of_single_datagrams")]
    [TestCase("states", TestName = "Calls_in_states_and_with_arguments_that_they_are_not_made_for")]
    [TestCase("recverr", TestName = "Errors_of_datagrams_one_by_one")]
    [TestCase("endings", TestName = "Shutdown_linger_reset_and_SIGPIPE")]
    [TestCase("options", TestName = "Options_set_for_speed_in_every_state")]
    [TestCase("levels", TestName = "Options_of_levels_that_a_socket_does_not_have")]
    [TestCase("keeping", TestName = "Options_that_are_only_kept_and_lengths_of_options")]
    [TestCase("toggling", TestName = "Options_set_while_others_write_on_the_same_socket")]
    [TestCase("binding", TestName = "Binding_names_and_both_families")]
    [TestCase("groups", TestName = "Multicast_groups")]
    [TestCase("resolving", TestName = "Names_numbers_and_interfaces")]
    [TestCase("canceling", TestName = "Cancelled_threads")]
    [TestCase("threads", TestName = "Threads_that_connect_accept_close_and_fork")]
    [TestCase("interrupts", TestName = "Interrupted_and_restarted_calls")]
    [TestCase("looking", TestName = "Calls_that_look_for_data_before_they_sleep")]
    [TestCase("sandboxed", TestName = "A_program_that_forbids_itself_system_calls")]
    [TestCase("flooding", TestName = "A_UDP_socket_that_sends_so_much_that_it_has_a_ring")]
    [TestCase("flooded", TestName = "A_UDP_socket_that_receives_so_much_that_it_has_a_ring")]
    [TestCase("promised", TestName = "What_poll_promises_of_a_UDP_socket_with_a_ring")]
    [TestCase("pastlibc", TestName = "System_calls_made_by_syscall")]
    [TestCase("besieged", TestName = "A_UDP_socket_with_a_ring_and_threads_that_sleep_cancel_and_close")]
    [TestCase("livesignals", TestName = "Signal_handlers_that_make_connections")]
    public void A_program_s_calls(string name) => Compare(Compile(name));

    [Test, NeedsRoot]
    public void A_worker_in_an_empty_root_without_rights() => Compare(Compile("privileges"));

    [Test]
    public void A_connect_that_nobody_answers_can_be_interrupted_and_cancelled()
    {
        // What Linux printed in a network namespace with one end of a veth pair.
        const string linux = """
            connect: EINPROGRESS
            connect again: EALREADY
            SO_ERROR 0, writable 0
            again and again, other than EALREADY: 0
            interrupted: EINTR
            cancelled 1
            time-out: EINPROGRESS
            at last EHOSTUNREACH

            """;
        Outcome ours = _network.Run(Compile("unanswered"), "10.40.0.250");
        Assert.That(ours.Output, Is.EqualTo(linux), ours.Error);
    }

    [Test]
    public void Who_has_no_rights_may_set_options_of_more_connections_than_he_may_have_descriptors_on_their_way()
    {
        // What Linux printed in a network namespace with one end of a veth pair.
        const string linux = """
            connecting 55, options refused 0
            bind: 0
            listen: 0
            SO_ERROR 0 of 55
            limit still 64

            """;
        Outcome ours = _network.Run(Compile("crowded"), "10.40.0.252");
        Assert.That(ours.Output, Is.EqualTo(linux), ours.Error);
    }

    [TestCase(false), TestCase(true), NeedsRoot]
    public void Datagrams_to_where_no_route_leads_and_to_all_are_refused_at_once(bool hasGateway)
    {
        const string gateway = "10.40.0.1";
        string program = Compile("routes");
        string network = "ip link set lo up; ip link add here type veth peer name there; ip link set there up; " +
            "ip address add 10.40.0.254/24 brd + dev here; ip link set here up; " +
            (hasGateway ? $"ip route add default via {gateway}; " : "");
        Outcome kernel = Built.Run("unshare", ["--net", "sh", "-ec", network + program]);
        Outcome ours = _network.RunWith(hasGateway ? ["-g", gateway] : [], program);
        Assert.That(ours.Output, Is.EqualTo(kernel.Output), ours.Error);
        Assert.That(kernel.Output, Does.Contain("EACCES"), kernel.Error);
    }

    [Test]
    public void What_does_not_arrive_on_the_network_is_told_one_by_one()
    {
        // What Linux says on an interface with an MTU of 1500; the address is nobody's.
        const string linux = """
            too large: EMSGSIZE
            MSG_ERRQUEUE: 0
             [], to whom it was sent 0, flags: MSG_ERRQUEUE 1, MSG_TRUNC 0
             level 0, type 11, length 48: EMSGSIZE, origin 1, ICMP 0 0, info 1500, from family 0 0.0.0.0
            to nobody: 5
            MSG_ERRQUEUE: 5
             [probe], to whom it was sent 1, flags: MSG_ERRQUEUE 1, MSG_TRUNC 0
             level 0, type 11, length 48: EHOSTUNREACH, origin 2, ICMP 3 1, info 0, from family 2 OURSELVES

            """;
        Outcome ours = _network.Run(Compile("recverr"), "10.40.0.251");
        Assert.That(Regex.Replace(ours.Output, @"(?<=family 2 )10\.40\.0\.\d+", "OURSELVES"), Is.EqualTo(linux), ours.Error);
    }

    [Test]
    public void A_datagram_that_must_not_be_cut_is_refused_where_the_link_does_not_take_it()
    {
        // What Linux says on an interface with an MTU of 1500; the address is nobody's.
        const string linux = """
            IP_MTU_DISCOVER 0
            1472: 1472
            1473: 1473
            IP_MTU_DISCOVER 1
            1472: 1472
            1473: 1473
            IP_MTU_DISCOVER 2
            1472: 1472
            1473: EMSGSIZE
            IP_MTU_DISCOVER 3
            1472: 1472
            1473: EMSGSIZE
            IP_MTU_DISCOVER 4
            1472: 1472
            1473: EMSGSIZE
            IP_MTU_DISCOVER 5
            1472: 1472
            1473: 1473
            connected, 1472: 1472
            connected, 1473: EMSGSIZE
            none of it waits as an error: EAGAIN
            to ourselves: 9000

            """;
        Outcome ours = _network.Run(Compile("whole"), "10.40.0.250");
        Assert.That(ours.Output, Is.EqualTo(linux), ours.Error);
    }

    /// <summary>Fortified, as distributions build: the calls then go through glibc's checking forms.</summary>
    private static string Compile(string name) =>
        Built.Compile($"test/shim/programs/{name}.c", "-O2", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3");

    private void Compare(string program, params string[] arguments)
    {
        Outcome kernel = Built.Run(program, arguments);
        Outcome ours = _network.Run(program, arguments);
        Assert.That(ours.Output, Is.EqualTo(kernel.Output), ours.Error);
        Assert.That((kernel.Status, ours.Status), Is.EqualTo((0, 0)));
        Assert.That(kernel.Output, Is.Not.Empty);
    }
}
