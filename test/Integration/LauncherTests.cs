using System.Net.Sockets;
using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>pyco-run as a shell sees it: pid, exit status, signals, environment, and errors that say what to do.</summary>
internal sealed class LauncherTests() : WireTest(WireKind.StockSwitch)
{
    [Test]
    public void The_program_has_the_pid_that_pyco_run_had()
    {
        RunningProgram program = Wire.RunAt(Wire.FreshAddress(), "sh", "-c", "echo $$");

        Assert.That(program.Succeed(), Is.EqualTo($"{program.Id}\n"));
    }

    [Test]
    public void The_exit_status_is_the_programs_own() =>
        Assert.That(Wire.RunAt(Wire.FreshAddress(), "sh", "-c", "exit 42").WaitForExit(), Is.EqualTo(42));

    [Test]
    public void A_signal_ends_the_program_as_it_would_without_us()
    {
        RunningProgram program = Wire.RunAt(Wire.FreshAddress(), "sh", "-c", "echo ready; exec sleep 60");
        program.WaitForOutput("ready");

        program.Terminate();

        Assert.That(program.WaitForExit(), Is.EqualTo(128 + 15));
    }

    [Test]
    public void The_host_is_no_child_of_the_program() =>
        Assert.That(
            Wire.RunAt(Wire.FreshAddress(), "bash", "-c", "cat /proc/$$/task/*/children").Succeed().Trim(), Does.Match(@"^\d*$"),
            "at most the cat itself");

    [Test]
    public void Standard_streams_pass_untouched()
    {
        RunningProgram program = Wire.RunAt(Wire.FreshAddress(), "cat");
        program.WriteLine("through");
        program.EndInput();

        Assert.That(program.Succeed(), Is.EqualTo("through\n"));
        Assert.That(program.Errors, Is.Empty);
    }

    [Test]
    public void The_programs_own_words_stay_as_they_are_without_hyphens_before_it() =>
        Assert.That(
            Wire.Start(Repository.PycoRun, "-a", Wire.FreshAddress(), "-f", Wire.Control, "echo", "--mtu=5", "-vq", "--pcap=").Succeed(),
            Is.EqualTo("--mtu=5 -vq --pcap=\n"));

    [Test]
    public void An_earlier_LD_PRELOAD_survives()
    {
        RunningProgram program = Wire.Start(
            "env", "LD_PRELOAD=libm.so.6", Repository.PycoRun, "-a", Wire.FreshAddress(), "-f", Wire.Control, "--", "env");

        Assert.That(program.Succeed(), Does.Match(@"(?m)^LD_PRELOAD=.*libpyco\.so.*libm\.so\.6|LD_PRELOAD=.*libm\.so\.6.*libpyco\.so"));
    }

    [TestCase(125, "-a", "10.40.0.299", "true", TestName = "A_bad_address_is_125")]
    [TestCase(127, "-a", "10.40.0.77", "no-such-program", TestName = "A_missing_program_is_127")]
    [TestCase(126, "-a", "10.40.0.77", "/etc/passwd", TestName = "A_file_that_cannot_run_is_126")]
    public void Failures(int status, string option, string address, string program)
    {
        RunningProgram run = Wire.RunWith([option, address], program);

        Assert.That(run.WaitForExit(), Is.EqualTo(status), run.Transcript);
        Assert.That(run.Errors, Does.Match(@"^pyco-run: .+\n$"), "one clear line");
    }

    [TestCase("file", "is not a socket: give a switch's control directory")]
    [TestCase("folder", "no switch at ")]
    [TestCase("nothing", "no network at ")]
    [TestCase("left", "nothing listens at ")]
    public void What_is_no_switch_is_told_before_the_missing_address(string name, string expected)
    {
        Wire.Write("file", "no switch");
        Directory.CreateDirectory(Wire.PathOf("folder"));
        Directory.CreateDirectory(Wire.PathOf("left"));
        using Socket left = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        left.Bind(new UnixDomainSocketEndPoint(Wire.PathOf("left/ctl"))); // it does not listen, as that of a switch that was killed
        RunningProgram run = Wire.Start(Repository.PycoRun, "-f", Wire.PathOf(name), "--", "true");

        Assert.That(run.WaitForExit(), Is.EqualTo(125), run.Transcript);
        Assert.That(run.Errors, Does.Match($@"^pyco-run: .*{expected}.*\n$"));
    }

    [Test]
    public void A_switch_that_chooses_no_address_asks_for_one()
    {
        RunningProgram run = Wire.Start(Repository.PycoRun, "-f", Wire.Control, "--", "true");

        Assert.That(run.WaitForExit(), Is.EqualTo(125), run.Transcript);
        Assert.That(run.Errors, Does.StartWith("pyco-run: no address given: say which with -a"));
    }

    [Test]
    public void A_missing_switch_is_named()
    {
        string path = Wire.PathOf("no-switch-here");
        RunningProgram run = Wire.Start(Repository.PycoRun, "-a", "10.40.0.77", "-f", path, "--", "true");

        Assert.That(run.WaitForExit(), Is.EqualTo(125), run.Transcript);
        Assert.That(run.Errors, Does.Contain(path));
    }

    [Test]
    public void An_address_in_use_is_refused_and_its_MAC_named()
    {
        string address = Wire.FreshAddress();
        Wire.RunWith(["-a", address, "-m", "02:00:5e:11:22:33"], "sh", "-c", "echo up; exec sleep 60").WaitForOutput("up");

        RunningProgram second = Wire.RunWith(["-a", address, "-m", "02:00:5e:44:55:66"], "true");

        Assert.That(second.WaitForExit(), Is.EqualTo(125), second.Transcript);
        Assert.That(second.Errors, Does.Contain("02:00:5e:11:22:33"));
    }

    [Test]
    public void A_static_program_is_refused()
    {
        string source = Wire.Write("static.c", "int main(void) { return 0; }\n");
        Wire.Start("gcc", "-static", "-o", Wire.PathOf("static"), source).Succeed();

        RunningProgram run = Wire.RunAt(Wire.FreshAddress(), Wire.PathOf("static"));

        Assert.That(run.WaitForExit(), Is.EqualTo(125).Or.EqualTo(126), run.Transcript);
        Assert.That(run.Errors, Does.Contain("static"));
    }
}
