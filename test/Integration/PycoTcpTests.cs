using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>What PycoTCP's README promises of pyco-wrapper and pyco-vde-setup.</summary>
internal sealed class PycoTcpTests : NetworkTest
{
    private const string Script = """
        import socket, sys
        print("arguments", sys.argv[1:], flush=True)
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        s.bind(("0.0.0.0", 8090))
        s.listen(3)
        print("listening", flush=True)
        connection, address = s.accept()
        print("from", address[0], connection.recv(64), flush=True)
        connection.sendall(b"answer")
        connection.close()
        """;

    private string Control => $"{Folder}/pic0.ctl";

    [Test]
    public void A_script_runs_on_a_network_that_exists_with_its_parameters()
    {
        Start(Repository.PycoVdeSetup, "start", "10.41.0.1/24", Control, "-").Succeed();
        RunningProgram script = Start(
            Repository.PycoWrapper, WriteScript(), "-a", "10.41.0.32", "-d", "web0", "-f", Control, "-l", "lwipv6", "-p", "-x", "two words");
        script.WaitForOutput("listening");

        string answer = Run(
            "-a", "10.41.0.33", "-f", Control, "--", Programs.Python, "-c",
            "import socket; s = socket.create_connection(('10.41.0.32', 8090)); s.send(b'hello'); print(s.recv(64))").Succeed();

        Assert.That(answer, Is.EqualTo("b'answer'\n"));
        Assert.That(script.Succeed(), Is.EqualTo("arguments ['-x', 'two words']\nlistening\nfrom 10.41.0.33 b'hello'\n"));
        Start(Repository.PycoVdeSetup, "restart", "10.41.0.1/24", Control, "-").Succeed();
        Start(Repository.PycoVdeSetup, "stop", "10.41.0.1/24", Control, "-").Succeed();
        Assert.That(Directory.Exists(Control), Is.False);
    }

    [Test]
    public void A_script_that_is_executable_is_found_in_the_working_directory()
    {
        File.WriteAllText($"{Folder}/script", "#!/bin/sh\necho \"$0 $1\"\n");
        File.SetUnixFileMode($"{Folder}/script", (UnixFileMode)0b111_101_101);
        Net("start");
        Assert.That(Start(Repository.PycoWrapper, "script", "-f", DefaultNetwork, "-p", "-x").Succeed(), Is.EqualTo("./script -x\n"));
    }

    [TestCase("restart")]
    [TestCase("start")]
    [TestCase("stop")]
    public void A_network_that_was_killed_is_cleaned_up(string command)
    {
        Start(Repository.PycoVdeSetup, "start", "10.41.0.1/24", Control, "-").Succeed();
        HostProcess.Kill(Status("pid", Control));

        Start(Repository.PycoVdeSetup, command, "10.41.0.1/24", Control, "-").Succeed();

        Assert.That(Directory.Exists(Control), Is.EqualTo(command != "stop"));
        if (command == "stop")
            return;
        Run("-f", Control, "--", "true").Succeed();
        Start(Repository.PycoVdeSetup, "stop", "10.41.0.1/24", Control).Succeed();
    }

    [Test, NeedsRoot]
    public void With_c_the_machine_itself_is_a_host_of_the_network_until_it_is_stopped()
    {
        // In a network namespace of its own, which stands for the machine.
        RunningProgram machine = Start("unshare", "-n", "bash", "-c", $$"""
            {{Repository.PycoWrapper}} {{WriteScript()}} -s 10.41.0.1 -a 10.41.0.32 -f {{Control}} -d pico0 -c &
            until (exec 3<>/dev/tcp/10.41.0.32/8090; echo hello >&3; head -c 6 <&3) 2>/dev/null; do sleep 0.1; done
            echo
            wait
            {{Repository.PycoVdeSetup}} stop 10.41.0.1/24 {{Control}} pico0
            ip link show pico0
            """);
        Assert.That(machine.WaitForExit(), Is.EqualTo(1), "there is no such device any more");
        Assert.That(machine.Output, Does.Contain("from 10.41.0.1 b'hello\\n'").And.Contain("answer"));
        Assert.That(machine.Errors, Does.Contain("\"pico0\" does not exist"));
    }

    [Test]
    public void An_address_that_no_host_can_have_is_refused()
    {
        RunningProgram refused = Start(Repository.PycoVdeSetup, "start", "10.41.0.0/24", Control, "-");
        Assert.That(refused.WaitForExit(), Is.EqualTo(125));
        Assert.That(refused.Errors, Does.Contain("10.41.0.0 is the network's own address of 10.41.0.0/24"));
    }

    [Test, NeedsRoot]
    public void Without_root_it_says_that_the_device_needs_it()
    {
        RunningProgram refused = Start(
            "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", Repository.PycoVdeSetup, "start", "10.41.0.1/24", $"/tmp/{Guid.NewGuid():N}.ctl", "pico0");
        Assert.That(refused.WaitForExit(), Is.EqualTo(125), refused.Transcript);
        Assert.That(refused.Errors, Does.Contain("the TAP device pico0 needs root (CAP_NET_ADMIN): run it as root, or leave the device out"));
    }

    [Test]
    public void The_help_of_the_wrapper_tells_each_default_once()
    {
        string help = Start(Repository.PycoWrapper, "-h").Succeed();
        Assert.That(help, Does.Contain("--switchaddress <ADDR>  With -c: the machine's own address on the network. [default: 10.40.0.1]\n"));
        Assert.That(help, Does.Not.Contain("Default:"));
    }

    [TestCase("pyco-wrapper")]
    [TestCase("pyco-vde-setup")]
    [TestCase("pyco-run")]
    [TestCase("pyco-net")]
    public void Every_program_tells_its_name_and_version(string name) =>
        Assert.That(
            Start(Path.Combine(Path.GetDirectoryName(Repository.PycoRun)!, name), "--version").Succeed(), Does.Match($@"^{name} \d+\.\d+\.\S+\n$"));

    [TestCase("there is no script", "nothing.py")]
    [TestCase("devices of type 'tap' are not supported", "SCRIPT", "-t", "tap")]
    [TestCase("SCRIPT is missing (-h helps)")]
    [TestCase("unknown option '-x' (-h helps)", "-x")]
    [TestCase("unknown option '-x' (-h helps)", "SCRIPT", "-x")]
    [TestCase("'word' is one word too many: the script's arguments come behind -p (-h helps)", "SCRIPT", "word")]
    [TestCase("-a= needs ADDR behind it (-h helps)", "-a=", "SCRIPT")]
    [TestCase("there is no library 'slirp'", "SCRIPT", "-l", "slirp")]
    [TestCase("no network", "SCRIPT", "-f", "/nowhere")]
    public void What_cannot_be_is_told(string message, params string[] words)
    {
        RunningProgram refused = Start(Repository.PycoWrapper, words.Select(word => word == "SCRIPT" ? WriteScript() : word));
        Assert.That(refused.WaitForExit(), Is.InRange(125, 127), refused.Transcript);
        Assert.That(refused.Errors, Does.StartWith("pyco-wrapper: ").Or.StartWith("pyco-run: "));
        if (message != "no network")
            Assert.That(refused.Errors, Does.Contain(message));
    }

    private string WriteScript()
    {
        string path = $"{Folder}/script.py";
        File.WriteAllText(path, Script);
        return path;
    }
}
