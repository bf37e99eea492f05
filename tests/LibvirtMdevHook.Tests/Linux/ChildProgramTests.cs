using LibvirtMdevHook.Linux;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Linux;

/// <summary>A program of the host runs from its absolute path, in '/', and no longer than it is given.</summary>
internal sealed class ChildProgramTests
{
    private const string Shell = "/bin/sh";

    /// <summary>More than a pipe holds.</summary>
    private static readonly string Much = new('x', 200_000);

    private static Deadline Soon => Deadline.After(TimeSpan.FromSeconds(30));

    [TestCase("sh"), TestCase("./sh"), TestCase("bin/sh"), TestCase("")]
    public void A_program_that_is_no_absolute_path_is_not_run(string program) =>
        Assert.That(() => ChildProgram.Run(program, ["-c", "true"], "", Soon), Throws.ArgumentException);

    [Test]
    public void It_runs_in_the_root_folder() =>
        Assert.That(Run("pwd -P; echo why >&2; exit 3"), Is.EqualTo(new ChildOutcome(3, "/\n", "why\n")));

    [Test]
    public void What_it_is_given_to_read_reaches_it_whole() =>
        Assert.That(Run("wc -c", Much), Is.EqualTo(new ChildOutcome(0, "200000\n", "")));

    [Test]
    public void A_program_that_ends_without_reading_has_its_own_status() =>
        Assert.That(Run("exit 4", Much), Is.EqualTo(new ChildOutcome(4, "", "")));

    [Test]
    public void A_program_that_never_reads_is_ended_in_time()
    {
        var begin = Environment.TickCount64;
        var outcome = ChildProgram.Run(Shell, ["-c", "exec sleep 20"], Much, Deadline.After(TimeSpan.FromSeconds(0.5)));
        Assert.That(outcome, Is.EqualTo(new ChildOutcome(null, "", "")));
        Assert.That(Environment.TickCount64 - begin, Is.LessThan(10_000));
    }

    [Test]
    public void A_program_that_cannot_be_started_says_why() => Assert.That(() => ChildProgram.Run("/nowhere/virsh", [], "", Soon),
        Throws.InstanceOf<IOException>().With.Message.EqualTo("'/nowhere/virsh' cannot be started: No such file or directory (ENOENT)"));

    private static ChildOutcome Run(string lines, string input = "") => ChildProgram.Run(Shell, ["-c", lines], input, Soon);
}
